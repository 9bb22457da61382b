"""Steers HAProxy over its socket: which targets a target group has, how a listener splits its traffic.

https://docs.haproxy.org/3.0/management.html#9.3
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.pipeline.load_balancing.haproxy import ADMIN, FOLDER, SLOTS, listener_name, map_lines

TIMEOUT_S = 5.0


class BalancerError(Exception):
    """HAProxy does not answer, or refuses."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a target group: who has it, how HAProxy finds it, how many requests it works on."""

    group: str
    slot: str
    address: str
    state: str  # `free`, `healthy`, `unhealthy` (or not asked often enough yet) or `draining`
    requests: int


class LoadBalancer:
    """Commands are idempotent: what is asked for twice is there once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._weights: dict[str, dict[str, int]] = {}

    def targets(self) -> list[Target]:
        """Every place of every target group. Raises BalancerError."""
        found = []
        for line in self._ask("show stat -1 4 -1").splitlines():
            field = line.split(",")
            if len(field) > 73 and field[0] != "# pxname" and field[1].startswith("task"):
                requests = int(field[4] or 0)
                found.append(
                    Target(field[0], field[1], field[73].rpartition(":")[0], _state(field), requests)
                )
        return found

    def weigh(self, listener: str, weights: Mapping[str, int]) -> None:
        """Split a listener's requests among target groups; the shares add up to 100. At once, for all."""
        wanted = {name: weight for name, weight in weights.items() if weight}
        if self._weights.get(listener) == wanted:
            return
        file = self._folder / f"{listener_name(listener)}.map"
        version = self._ask(f"prepare map {file}").strip().rpartition(" ")[2]
        if not version.isdecimal():
            raise BalancerError(f"HAProxy knows no {file.name}")
        payload = "\n".join(map_lines(wanted))
        self._ask(f"add map @{version} {file} <<\n{payload}\n")
        self._ask(f"commit map @{version} {file}")
        self._weights[listener] = wanted

    def forget(self) -> None:
        """HAProxy is a new one: it has no weights of ours."""
        self._weights.clear()

    def register(self, group: str, addresses: Iterable[str], port: int) -> None:
        """Make these addresses the target group's; those that are not among them drain, then leave."""
        wanted, mine = set(addresses), [one for one in self.targets() if one.group == group]
        taken = [target for target in mine if target.state != "free"]
        for target in taken:
            if target.address in wanted and target.state == "draining":  # of another task, gone by now
                self._begin(f"{group}/{target.slot}", target.address, port)
            elif target.address not in wanted and target.state != "draining":
                self._ask(f"set server {group}/{target.slot} state drain")
        new = sorted(wanted - {target.address for target in taken})
        free = [target.slot for target in mine if target.state == "free"]
        if len(new) > len(free):
            raise BalancerError(f"{group} has more than {SLOTS} targets")
        for address, slot in zip(new, free, strict=False):
            self._begin(f"{group}/{slot}", address, port)

    def _begin(self, server: str, address: str, port: int) -> None:
        """As unhealthy: from maintenance HAProxy would trust a server before its first check."""
        self._ask(
            f"set server {server} addr {address} port {port}; "
            f"set server {server} state ready; set server {server} health down"
        )

    def release(self, target: Target) -> None:
        """The place is free again."""
        self._ask(f"set server {target.group}/{target.slot} state maint")

    def started(self) -> str:
        """Changes when HAProxy is another process."""
        lines = dict(line.split(": ", 1) for line in self._ask("show info").splitlines() if ": " in line)
        return lines.get("Pid", "") + lines.get("Start_time_sec", "")

    def _ask(self, command: str) -> str:
        answer = bytearray()
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(TIMEOUT_S)
                connection.connect(str(self._folder / ADMIN))
                connection.sendall(command.encode() + b"\n")
                while part := connection.recv(65536):
                    answer += part
        except OSError as error:
            raise BalancerError(f"the load balancer does not answer: {error}") from None
        return answer.decode()


def _state(field: list[str]) -> str:
    status = field[17]
    if status.startswith("MAINT"):
        return "free"
    if status.startswith(("DRAIN", "NOLB")):
        return "draining"
    return "healthy" if status == "UP" else "unhealthy"
