"""What both ways to run the stack offer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class State:
    """How one service is; `is_bad` when it will not get better by waiting."""

    service: str
    state: str
    note: str = ""
    is_bad: bool = False


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
