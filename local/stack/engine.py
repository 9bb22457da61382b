"""What both ways to run the stack offer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from local.processes.compose import Service

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class State:
    """How one service is; `is_bad` when it will not get better by waiting."""

    service: str
    state: str
    note: str = ""
    is_bad: bool = False


class Progress:
    """Tells each service once, when it has come as far as it shall."""

    def __init__(self, services: dict[str, Service], say: Say) -> None:
        self._services = services
        self._say = say
        self._arrived: set[str] = set()

    def tell(self, states: Iterable[tuple[str, str]]) -> None:
        """Take in services' states of now."""
        for name, state in states:
            if (
                name not in self._arrived
                and name in self._services
                and has_arrived(self._services[name], state)
            ):
                self._arrived.add(name)
                self._say(f"  {name}: {state}")

    def lacking(self) -> list[str]:
        """Who has not come so far yet."""
        return [name for name in self._services if name not in self._arrived]


def has_arrived(service: Service, state: str) -> bool:
    """Whether `state` is where a start of `service` shall lead: jobs end, others run or are healthy."""
    if not service.restarts:
        return state == "completed"
    return state == ("healthy" if service.healthcheck else "running")


class Engine(Protocol):
    """Containers or processes."""

    mode: str

    def is_there(self) -> bool:
        """Whether anything of the stack runs this way."""

    def is_whole(self) -> bool:
        """Whether every service runs."""

    def start(self, say: Say) -> None:
        """Start what does not run yet, and return when every service is up; raises NotUp."""

    def stop(self) -> None:
        """Stop everything and leave nothing but the state."""

    def states(self) -> list[State]:
        """How each service is."""

    def logs(self, service: str, lines: int, follow: bool) -> None:
        """Print the last lines of one service, or of all; `follow` goes on until Ctrl-C."""
