"""Ports for the servers that tests start, leased so that no two of them ever get the same one.

A lease is a lock on one byte of a file, at the port's number. It is held until the test process ends, so a
port stays its owner's from the moment it is picked until after the server has bound it, whatever other test
processes pick meanwhile. The system frees the locks of a process that is killed.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# below the ports that Linux (32768 and up) and macOS (49152 and up) give to outgoing connections
FIRST, LAST = 15_000, 31_999
_LEASES = Path(tempfile.gettempdir()) / f"lantern-test-ports-{os.getuid()}"
_leases_fd = -1
_leased: set[int] = set()


def free_port() -> int:
    """Lease a port of 127.0.0.1 that nobody has bound, for TCP and UDP alike."""
    for port in random.SystemRandom().sample(range(FIRST, LAST + 1), 1_000):
        if port not in _leased and _lease(port):
            _leased.add(port)
            if _can_be_bound(port):
                return port
    raise AssertionError("a thousand ports were tried, and all were taken")


def is_leased(port: int) -> bool:
    """Whether a test process that lives, this one or another, holds the port's lease."""
    if port in _leased:
        return True
    if not _lease(port):
        return True
    fcntl.lockf(_leases_fd, fcntl.LOCK_UN, 1, port)
    return False


def _lease(port: int) -> bool:
    """Lock the port's byte of the leases' file, which must stay open: closing it would give up every lock."""
    global _leases_fd
    if _leases_fd < 0:
        _leases_fd = os.open(_LEASES, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(_leases_fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _can_be_bound(port: int) -> bool:
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
