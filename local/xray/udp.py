"""Receives segments over UDP as aws-xray-daemon does: a header line, a line break, one JSON document.

One thread only receives, so that a burst is taken out of the kernel's buffer at once; another checks and
stores. The header is parsed, not compared: SDKs write it with and without spaces. The document is everything
after the first line break.
"""

import logging
import queue
import socket
import threading

import orjson

from local.xray.segments import Rejected, receive
from local.xray.store import Store

log = logging.getLogger(__name__)

MAX_DATAGRAM = 65535
WANTED_BUFFER_BYTES = 8 * 1024 * 1024
WAITING_BYTES = 32 * 1024 * 1024  # datagrams that wait to be checked


class Receiver:
    """Counts what it received, rejected and dropped; nothing is lost in silence."""

    def __init__(self, store: Store, host: str, port: int) -> None:
        self._store = store
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WANTED_BUFFER_BYTES)
        # the kernel may grant less than asked for, and counts its own bookkeeping twice
        self.buffer_bytes = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.received = self.rejected = self.dropped = 0
        self._waiting: queue.Queue[bytes | None] = queue.Queue()
        self._put_bytes = self._taken_bytes = 0  # the one by the receiver, the other by the checker
        self._threads = [
            threading.Thread(target=work, name=f"udp-{work.__name__.strip('_')}", daemon=True)
            for work in (self._receive, self._check)
        ]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to receive."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take what has arrived, and stop."""
        self._socket.setblocking(False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:  # out of the recv that waits
            waker.sendto(b"", self._socket.getsockname())
        self._threads[0].join(2)
        self._waiting.put(None)
        self._threads[1].join(2)
        self._socket.close()

    def _receive(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(MAX_DATAGRAM)
            except BlockingIOError:  # stopping, and all that had arrived is taken
                return
            except OSError as error:
                log.error("receiving failed: %s", error)
                continue
            if self._put_bytes - self._taken_bytes > WAITING_BYTES:
                self.dropped += 1
                continue
            self._put_bytes += len(datagram)
            self._waiting.put(datagram)

    def _check(self) -> None:
        while (datagram := self._waiting.get()) is not None:
            if not datagram:
                continue
            self._taken_bytes += len(datagram)
            self.received += 1
            try:
                document = receive(_document(datagram))
            except Rejected as rejection:
                self.rejected += 1
                log.debug("rejected a datagram: %s", rejection)
            except Exception:  # outermost edge of a datagram: counted, logged, and the next one is taken
                self.rejected += 1
                log.exception("a datagram could not be read")
            else:
                self._store.put(document)


def _document(datagram: bytes) -> bytes:
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
        raise Rejected("ParseError", kind="entity")
    return document
