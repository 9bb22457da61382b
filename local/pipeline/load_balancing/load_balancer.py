"""Controls the running HAProxy over its socket: the targets of target groups, the weights of listeners.

https://docs.haproxy.org/3.0/management.html#9.3
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.pipeline.load_balancing.haproxy import ADMIN_SOCKET, FOLDER, SLOTS, map_file, map_lines

TIMEOUT_S = 5.0
# Columns of `show stat`
NAME, SERVER, SESSIONS, STATUS, ADDRESS = 0, 1, 4, 17, 73


class LoadBalancerError(Exception):
    """HAProxy does not answer, or refuses a command."""


@dataclass(frozen=True, slots=True)
class Target:
    """A slot of a target group. `state` is `free`, `healthy`, `unhealthy` (or unchecked) or `draining`."""

    group: str
    slot: str
    address: str
    state: str
    requests: int  # that it is working on


class LoadBalancer:
    """HAProxy's target groups and listeners. Every method is idempotent and raises LoadBalancerError."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._weights: dict[str, dict[str, int]] = {}

    def targets(self) -> list[Target]:
        """Return every slot of every target group."""
        rows = (line.split(",") for line in self._command("show stat -1 4 -1").splitlines())
        return [
            Target(
                group=row[NAME],
                slot=row[SERVER],
                address=row[ADDRESS].rpartition(":")[0],
                state=_state(row[STATUS]),
                requests=int(row[SESSIONS] or 0),
            )
            for row in rows
            if len(row) > ADDRESS and row[SERVER].startswith("task")
        ]

    def set_weights(self, listener: str, weights: Mapping[str, int]) -> None:
        """Split a listener's requests among target groups, in percent that add up to 100, at one moment."""
        shares = {target_group: weight for target_group, weight in weights.items() if weight}
        if self._weights.get(listener) == shares:
            return
        file = map_file(listener, self._folder)
        version = self._command(f"prepare map {file}").strip().rpartition(" ")[2]
        if not version.isdecimal():
            raise LoadBalancerError(f"HAProxy knows no {file.name}")
        payload = "\n".join(map_lines(shares))
        self._command(f"add map @{version} {file} <<\n{payload}\n")
        self._command(f"commit map @{version} {file}")
        self._weights[listener] = shares

    def forget_weights(self) -> None:
        """Set every weight anew next time: a restarted HAProxy has lost them."""
        self._weights.clear()

    def register(self, group: str, addresses: Iterable[str], port: int) -> None:
        """Make these addresses the targets of a group; targets with another address drain."""
        registered = set(addresses)
        slots = [target for target in self.targets() if target.group == group]
        taken = [target for target in slots if target.state != "free"]
        for target in taken:
            if target.address in registered and target.state == "draining":  # a task before had this address
                self._add(f"{group}/{target.slot}", target.address, port)
            elif target.address not in registered and target.state != "draining":
                self._command(f"set server {group}/{target.slot} state drain")
        new = sorted(registered - {target.address for target in taken})
        free = [target.slot for target in slots if target.state == "free"]
        if len(new) > len(free):
            raise LoadBalancerError(f"{group} has more than {SLOTS} targets")
        for address, slot in zip(new, free, strict=False):
            self._add(f"{group}/{slot}", address, port)

    def release(self, target: Target) -> None:
        """Free the slot of a target."""
        self._command(f"set server {target.group}/{target.slot} state maint")

    def process(self) -> str:
        """Return an identity of the HAProxy process, another one after a restart."""
        lines = (line.partition(": ") for line in self._command("show info").splitlines())
        info = {name: value for name, _, value in lines}
        return info.get("Pid", "") + info.get("Start_time_sec", "")

    def _add(self, server: str, address: str, port: int) -> None:
        """Add it as unhealthy: HAProxy would send requests to a new server before its first check."""
        self._command(
            f"set server {server} addr {address} port {port}; "
            f"set server {server} state ready; set server {server} health down"
        )

    def _command(self, command: str) -> str:
        answer = bytearray()
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(TIMEOUT_S)
                connection.connect(str(self._folder / ADMIN_SOCKET))
                connection.sendall(command.encode() + b"\n")
                while part := connection.recv(65536):
                    answer += part
        except OSError as error:
            raise LoadBalancerError(f"the load balancer does not answer: {error}") from None
        return answer.decode()


def _state(status: str) -> str:
    if status.startswith("MAINT"):
        return "free"
    if status.startswith(("DRAIN", "NOLB")):
        return "draining"
    return "healthy" if status == "UP" else "unhealthy"
