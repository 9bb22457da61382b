"""Receives HAProxy's log over a socket, writes the access log file, and hands each request on."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

from local.pipeline.architecture import Architecture, full_name
from local.pipeline.load_balancing.access_log import LogEntry, alb_line, parse_line
from local.pipeline.load_balancing.haproxy import ACCESS_SOCKET, FOLDER, frontend_name

FILE_BYTES = 5 * 1024 * 1024


def receive_access_log(
    architecture: Architecture,
    file: Path,
    record: Callable[[tuple[str, str], LogEntry], None],
    stopping: threading.Event,
) -> None:
    """Receive lines until `stopping` is set, and write them to a file in the format of AWS's access log.

    `record` is called for each request of a production listener, with the full names of its target group and
    its load balancer.
    """
    target_groups = {group.name: group.full_name for group in architecture.target_groups()}
    balancers = {
        frontend_name(listener.name): full_name("app", listener.balancer)
        for listener in architecture.listeners()
    }
    production = {frontend_name(group.production.name) for group in architecture.groups.values()}
    access_log = logging.getLogger("lantern.access")
    access_log.setLevel(logging.INFO)
    access_log.propagate = False
    access_log.handlers = [RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=2)]
    for line in _lines(FOLDER / ACCESS_SOCKET, stopping):
        entry = parse_line(line)
        if not entry or entry.target_group not in target_groups:
            continue
        access_log.info(alb_line(entry, balancers.get(entry.listener, "-")))
        if entry.listener in production:
            record((target_groups[entry.target_group], balancers[entry.listener]), entry)


def _lines(path: Path, stopping: threading.Event) -> Iterator[str]:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        receiver.bind(str(path))
        path.chmod(0o666)
        receiver.settimeout(0.5)
        while not stopping.is_set():
            try:
                yield receiver.recv(65536).decode(errors="replace")
            except TimeoutError:
                continue
