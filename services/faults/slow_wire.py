"""A TCP proxy that holds back what passes through it, as a slow network does."""

import contextlib
import socket
import threading
import time

DELAY_S = 0.2  # each way
CHUNK_BYTES = 65_536
CONNECT_TIMEOUT_S = 2.0


class SlowWire:
    """A wire to a port of a host; it begins to listen when its address is asked for."""

    def __init__(self, host: str, port: int) -> None:
        self._far_end = host, port
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None

    def address(self) -> str:
        """Where the wire begins, as host:port."""
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", 0))
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
            return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self, listener: socket.socket) -> None:
        while True:
            near, _ = listener.accept()
            try:
                far = socket.create_connection(self._far_end, CONNECT_TIMEOUT_S)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for ends in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=ends, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Carry bytes one way, each a little late; when one end closes, close the other."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            time.sleep(DELAY_S)
            with contextlib.suppress(BlockingIOError):  # what came meanwhile waited long enough
                chunk += source.recv(CHUNK_BYTES, socket.MSG_DONTWAIT)
            target.sendall(chunk)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()
