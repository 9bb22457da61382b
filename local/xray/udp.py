"""Receives segments over UDP as the X-Ray daemon does: a header line, a line break, one JSON document.

One thread only receives, so that a burst leaves the kernel's buffer at once; another checks and stores. The
header is parsed, not compared, because SDKs write it with and without spaces.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

import logging
import queue
import socket
import threading

import orjson

from local.xray.segments import DocumentRejected, parse_document
from local.xray.storage.store import Store

log = logging.getLogger(__name__)

MAX_DATAGRAM = 65535
BUFFER_BYTES = 8 * 1024 * 1024
QUEUE_BYTES = 32 * 1024 * 1024  # datagrams that wait to be checked; beyond that they are dropped, and counted


class Receiver:
    """Stores valid documents; counts datagrams received, rejected (invalid) and dropped (queue full)."""

    def __init__(self, store: Store, host: str, port: int) -> None:
        self._store = store
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        # the kernel may grant less than asked for, and counts its own bookkeeping twice
        self.buffer_bytes = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.received = self.rejected = self.dropped = 0
        self._queue: queue.Queue[bytes | None] = queue.Queue()
        self._put_bytes = self._taken_bytes = 0  # the first changed by one thread, the second by the other
        self._threads = [
            threading.Thread(target=work, name=f"udp-{work.__name__.strip('_')}", daemon=True)
            for work in (self._receive, self._check)
        ]

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Store the datagrams that have arrived, and stop."""
        self._socket.setblocking(False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:  # ends a recv that waits
            waker.sendto(b"", self._socket.getsockname())
        self._threads[0].join(2)
        self._queue.put(None)
        self._threads[1].join(2)
        self._socket.close()

    def _receive(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(MAX_DATAGRAM)
            except BlockingIOError:  # `stop` was called and the buffer is empty
                return
            except OSError as error:
                log.error("receiving failed: %s", error)
                continue
            if self._put_bytes - self._taken_bytes > QUEUE_BYTES:
                self.dropped += 1
                continue
            self._put_bytes += len(datagram)
            self._queue.put(datagram)

    def _check(self) -> None:
        while (datagram := self._queue.get()) is not None:
            if not datagram:
                continue
            self._taken_bytes += len(datagram)
            self.received += 1
            try:
                document = parse_document(_payload(datagram))
            except DocumentRejected as rejection:
                self.rejected += 1
                log.debug("rejected a datagram: %s", rejection)
            except Exception:  # outermost edge of a datagram: logged, and the next one is read
                self.rejected += 1
                log.exception("a datagram could not be read")
            else:
                self._store.writer.put(document)


def _payload(datagram: bytes) -> bytes:
    """What follows the header line. Raises DocumentRejected when the header is not that of the protocol."""
    head, line_break, document = datagram.partition(b"\n")
    try:
        header = orjson.loads(head)
    except orjson.JSONDecodeError:
        header = None
    is_valid = (
        line_break
        and isinstance(header, dict)
        and str(header.get("format")).lower() == "json"
        and header.get("version") == 1
    )
    if not is_valid:
        raise DocumentRejected("ParseError", kind="entity")
    return document
