"""Sends segments to the X-Ray daemon from a thread of its own, so that a request never waits for it."""

import logging
import queue
import socket
import threading
import time
from typing import Any

import orjson
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

log = logging.getLogger(__name__)

QUEUE_LIMIT = 2000  # segments; what a dead or slow resolver may pile up before new ones are dropped
COLLECT_S = 0.02
RESOLVE_AGAIN_S = 30.0  # a restarted daemon may have another address
UNRESOLVED_FOR_S = 5.0  # how long a name that could not be resolved is left alone; a look-up may take seconds
REPORT_EVERY_S = 60.0
_HEADER = b'{"format":"json","version":1}\n'


class BackgroundEmitter(UDPEmitter):  # type: ignore[misc]
    """The SDK's emitter, with serialising, name resolution and sending moved off the request's thread.

    Segments that cannot be sent are counted, and one log line a minute says how many were lost and why.
    """

    def __init__(self) -> None:
        super().__init__()
        self._socket.close()  # the SDK's is not connected, so it would not notice that nobody listens
        self._waiting: queue.Queue[Any] = queue.Queue(QUEUE_LIMIT)
        self._lost, self._report_at = 0, 0.0
        self._connection: socket.socket | None = None
        self._resolve_at = 0.0
        self._started = threading.Lock()

    def send_entity(self, entity: Any) -> None:
        """Queue a closed segment or subsegment; never blocks and never raises."""
        if self._started.acquire(blocking=False):  # on first use: threads do not survive gunicorn's fork
            threading.Thread(target=self._work, daemon=True, name="xray-emitter").start()
        try:
            self._waiting.put_nowait(entity)
        except queue.Full:
            self._count_loss("the queue is full")

    def _work(self) -> None:
        while True:
            entity = self._waiting.get()
            time.sleep(COLLECT_S)  # so that under load not every request wakes this thread
            while entity is not None:
                try:
                    self._send(_HEADER + serialize(entity))
                except Exception as error:  # noqa: BLE001  outermost edge: an odd segment must not end the thread
                    self._count_loss(str(error) or repr(error))
                entity = self._next()

    def _next(self) -> Any:
        """What waits, or None."""
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            return None

    def _send(self, datagram: bytes) -> None:
        daemon = self._daemon()
        try:
            daemon.send(datagram)
        except ConnectionRefusedError as error:  # about an earlier datagram: nobody listened
            self._count_loss(str(error))
            daemon.send(datagram)

    def _daemon(self) -> socket.socket:
        """A socket connected to the daemon; its name is resolved again now and then. Raises OSError."""
        if time.monotonic() >= self._resolve_at:
            self._resolve_at = time.monotonic() + UNRESOLVED_FOR_S
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            addresses = socket.getaddrinfo(self.ip, self.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = addresses[0]
            self._connection = socket.socket(family, kind, protocol)
            self._connection.connect(address)
            self._resolve_at = time.monotonic() + RESOLVE_AGAIN_S
        if self._connection is None:
            raise OSError("its name could not be resolved a moment ago")
        return self._connection

    def _count_loss(self, reason: str) -> None:
        self._lost += 1
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + REPORT_EVERY_S
            daemon = f"X-Ray daemon at {self.ip}:{self.port}"
            log.warning("%s: %d segments lost so far, the last by: %s", daemon, self._lost, reason)


def serialize(entity: Any) -> bytes:
    """The segment document as JSON, by orjson: the SDK's own way takes as long as the rest of its work."""
    return orjson.dumps(entity.to_dict(), default=str)
