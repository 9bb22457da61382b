"""Names for what tests start on the Docker engine, and the removal of what killed tests have left there.

A stack's name ends in a port that its test process leases (see tests/ports.py): while that process lives,
nobody else can lease the port; when it has been killed, the next test that needs a stack removes the rest.
"""

import contextlib
import fcntl
import re
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import docker
import docker.errors

from tests.ports import free_port, is_leased

_NAME = re.compile(r"lantern-test-[a-z]+-(\d+)(?!\d)")
_LABELS = ("com.docker.compose.project", "lantern.rehearsal")


def new_stack_name(kind: str) -> str:
    """Return a name of this process's own for a stack, after the stacks of killed processes are gone."""
    remove_abandoned()
    return f"lantern-test-{kind}-{free_port()}"


def remove_abandoned() -> None:
    """Remove containers, networks, images and volumes of stacks whose test process has ended."""
    engine = docker.from_env()
    networks = [network for network in engine.networks.list() if _is_abandoned([network.name])]
    abandoned_networks = {network.name for network in networks}
    for container in engine.containers.list(all=True, ignore_removed=True):
        joined = set(container.attrs["NetworkSettings"]["Networks"])
        names = [container.name, *(container.labels.get(label, "") for label in _LABELS)]
        if joined & abandoned_networks or _is_abandoned(names):
            _remove(container, force=True, v=True)
    for network in networks:
        _remove(network)
    for image in engine.images.list():
        if _is_abandoned([image.labels.get(_LABELS[0], "")]):
            _remove(image, force=True)
    for volume in engine.volumes.list():
        if _is_abandoned([volume.name]):
            _remove(volume, force=True)


def _is_abandoned(names: Iterable[str]) -> bool:
    ports = [int(match[1]) for name in names if (match := _NAME.match(name))]
    return bool(ports) and not any(is_leased(port) for port in ports)


def _remove(resource: Any, **options: bool) -> None:
    with contextlib.suppress(docker.errors.APIError):  # another test process removes it at this moment
        resource.remove(**options)


class AddressLock:
    """A lock, over all test processes of this machine, on a network that only one stack can have.

    The system frees it when its process ends, however that happens.
    """

    def __init__(self, subnet: str, within_s: float = 300) -> None:
        path = Path(tempfile.gettempdir()) / f"lantern-test-{subnet.replace('/', '-')}.lock"
        self._file: IO[str] = path.open("w")  # closed, it gives the lock up
        deadline = time.monotonic() + within_s
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._file.close()
                    raise AssertionError(f"another test run has held {subnet} for {within_s:.0f} s") from None
                time.sleep(0.5)

    def release(self) -> None:
        self._file.close()
