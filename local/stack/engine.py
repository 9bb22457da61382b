"""What the two engines, containers and processes, have in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from local.processes.compose import Service

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class State:
    """The state of a service; `is_bad` when waiting will not mend it."""

    service: str
    state: str
    note: str = ""
    is_bad: bool = False


class Progress:
    """Says once of each service that it has started."""

    def __init__(self, services: dict[str, Service], say: Say) -> None:
        self._services = services
        self._say = say
        self._started: set[str] = set()

    def tell(self, states: Iterable[tuple[str, str]]) -> None:
        """Take the current states of services, by name, and say which have started since."""
        for name, state in states:
            is_new = name in self._services and name not in self._started
            if is_new and has_started(self._services[name], state):
                self._started.add(name)
                self._say(f"  {name}: {state}")

    def missing(self) -> list[str]:
        """Return the names of the services that have not started yet."""
        return [name for name in self._services if name not in self._started]


def has_started(service: Service, state: str) -> bool:
    """Whether a service in `state` counts as started: a job has ended, others are healthy or running."""
    if not service.restarts:
        return state == "completed"
    return state == ("healthy" if service.healthcheck else "running")


class Engine(Protocol):
    """A way to run the stack: as containers or as processes."""

    mode: str

    def is_running(self) -> bool:
        """Whether anything of the stack runs by this engine."""

    def is_complete(self) -> bool:
        """Whether every service has started."""

    def start(self, say: Say) -> None:
        """Start the services that do not run, and return when all are up. Raises NotUp."""

    def stop(self) -> None:
        """Stop everything and remove all but the state."""

    def states(self) -> list[State]:
        """Return the state of each service."""

    def logs(self, service: str, lines: int, follow: bool) -> None:
        """Print the last `lines` of a service, of every one for ""; with `follow` also those to come."""
