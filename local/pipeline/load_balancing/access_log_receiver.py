"""Receives HAProxy's log over a socket, writes the access log file, and hands each request on."""

import logging
import socket
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from local.pipeline.architecture import Architecture, full_name
from local.pipeline.load_balancing.access_log import LogEntry, alb_line, parse_line
from local.pipeline.load_balancing.haproxy import ACCESS_SOCKET, FOLDER, frontend_name

FILE_BYTES = 5 * 1024 * 1024


class AccessLogReceiver:
    """Calls `record` with the full names of target group and load balancer for each request of production.

    Requests to the test listeners are in the file only. The file is in the format of AWS's access log.
    """

    def __init__(
        self, architecture: Architecture, file: Path, record: Callable[[tuple[str, str], LogEntry], None]
    ) -> None:
        self._record = record
        self._target_groups = {group.name: group.full_name for group in architecture.target_groups()}
        self._balancers = {
            frontend_name(listener.name): full_name("app", listener.balancer)
            for listener in architecture.listeners()
        }
        self._production = {frontend_name(group.production.name) for group in architecture.groups.values()}
        file.parent.mkdir(parents=True, exist_ok=True)
        self._handler = RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=2)
        self._file = logging.getLogger("lantern.access")
        self._file.setLevel(logging.INFO)
        self._file.propagate = False
        self._file.handlers = [self._handler]

    def run(self, stopping: threading.Event) -> None:
        """Receive lines until `stopping` is set."""
        path = FOLDER / ACCESS_SOCKET
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
            receiver.bind(str(path))
            path.chmod(0o666)
            receiver.settimeout(0.5)
            while not stopping.is_set():
                try:
                    line = receiver.recv(65536).decode(errors="replace")
                except TimeoutError:
                    continue
                self._take(line)

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

    def _take(self, line: str) -> None:
        entry = parse_line(line)
        if not entry or entry.target_group not in self._target_groups:
            return
        self._file.info(alb_line(entry, self._balancers.get(entry.listener, "-")))
        if entry.listener in self._production:
            names = (self._target_groups[entry.target_group], self._balancers[entry.listener])
            self._record(names, entry)
