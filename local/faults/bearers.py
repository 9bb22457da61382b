"""The parts of the shop that bear faults, each asked at its own /faults."""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.faults.errors import NotThere, Refused
from local.stack.shop import OPENER

TIMEOUT_S = 5.0
TASKS, SICK_TASK = "tasks", "sick-task"
HOW_TO_ENABLE = "make down, then make up FAULTS=on"

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A fault that can be switched on, with the parts that bear it by default and when they are named."""

    name: str
    summary: str
    percent: float
    by_default: tuple[str, ...]
    when_named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Active:
    """A fault that is on; `shown_as` is its name, or a neutral one."""

    name: str
    shown_as: str
    percent: float
    bearers: tuple[str, ...]
    ends_at: float


class Bearers:
    """All parts of the shop, by name, with the addresses of their /faults."""

    def __init__(self, addresses: Mapping[str, str], tasks: str = "") -> None:
        """`tasks` is the address of the rehearsed shop's, which need not be up. Raises NotThere."""
        self._addresses = {**addresses, TASKS: tasks} if tasks else addresses
        self._states = {name: self._ask(name, "GET", None) for name in addresses}
        if tasks:
            with contextlib.suppress(NotThere):
                self._states[TASKS] = self._ask(TASKS, "GET", None)
        self._enabled = {name for name, state in self._states.items() if state.get("enabled") is not False}

    def require_enabled(self, fault: str) -> None:
        """Raise Refused unless the shop was started with FAULTS=on."""
        if not self._enabled:
            raise Refused(f"{fault} is refused: the shop runs without FAULTS=on. {HOW_TO_ENABLE}")

    def offers(self) -> dict[str, Offer]:
        """What can be switched on, by name, in the order in which the parts name it."""
        bearers: dict[str, tuple[Any, list[str], list[str]]] = {}
        for part, state in self._states.items():
            for offer in state.get("offers", ()):
                _, by_default, when_named = bearers.setdefault(offer["name"], (offer, [], []))
                (by_default if offer["by_default"] else when_named).append(part)
        return {
            name: Offer(name, offer["summary"], offer["percent"], tuple(by_default), tuple(when_named))
            for name, (offer, by_default, when_named) in sorted(bearers.items())
        }

    def offers_to_shoppers(self) -> list[str]:
        """The names of what the shoppers of `make traffic` meet, without the rehearsed shop's."""
        return [name for name, offer in self.offers().items() if offer.by_default != (TASKS,)]

    def active(self) -> list[Active]:
        """The faults that are on."""
        faults: dict[str, list[tuple[str, Any]]] = {}
        for part, state in self._states.items():
            for fault in state.get("faults", ()):
                faults.setdefault(fault["name"], []).append((part, fault))
        return [
            Active(
                name,
                entries[0][1].get("alias") or name,
                entries[0][1]["percent"],
                tuple(part for part, _ in entries),
                min(fault["ends_at"] for _, fault in entries),
            )
            for name, entries in faults.items()
        ]

    def plain(self) -> dict[str, State]:
        """The parts that inject latency or errors beside the faults with a name."""
        return {
            part: state
            for part, state in self._states.items()
            if state.get("latency_ms") or state.get("error_share")
        }

    def choose(self, name: str, named: str) -> tuple[str, ...]:
        """The parts that shall bear the fault `name`, `named` being the user's own choice. Raises Refused."""
        self.require_enabled(name)
        offer = self.offers().get(name)
        if offer is None and name == SICK_TASK:
            raise Refused(f"{name}: only a rehearsed shop has several tasks: make rehearse FAULTS=on")
        if offer is None:
            raise Refused(f"NAME={name}: expected one of {', '.join(self.offers())}")
        if not named:
            return offer.by_default
        choices = () if len(offer.by_default) > 1 else offer.by_default + offer.when_named
        if named not in choices:
            expected = (
                " or ".join(choices) or f"none, because {' and '.join(offer.by_default)} bear it together"
            )
            raise Refused(f"ON={named}: for {name} expected {expected}")
        return (named,)

    def switch_on(self, bearers: tuple[str, ...], fault: State, lasts_s: float) -> Active:
        """Add a fault to what these parts inject; it replaces the one of its name."""
        ends_at = time.time() + lasts_s
        for part in bearers:
            others = [other for other in self._states[part]["faults"] if other["name"] != fault["name"]]
            self._put(part, [*others, {**fault, "ends_at": ends_at}])
        return next(active for active in self.active() if active.name == fault["name"])

    def switch_off(self, name: str = "") -> list[str]:
        """End the fault of this name, or everything; return what was ended, as it was shown."""
        ended = [active for active in self.active() if name in ("", active.name, active.shown_as)]
        names = {active.name for active in ended}
        if not name:
            for part in self._enabled:
                self._states[part] = self._ask(part, "DELETE", None)
            return [active.name for active in ended]
        for part in {part for active in ended for part in active.bearers}:
            self._put(part, [other for other in self._states[part]["faults"] if other["name"] not in names])
        return [active.name for active in ended]

    def _put(self, part: str, faults: list[State]) -> None:
        state = self._states[part]
        plain = {key: value for key, value in state.items() if key not in ("faults", "offers")}
        self._states[part] = self._ask(part, "PUT", {**plain, "faults": faults})

    def _ask(self, part: str, method: str, body: State | None) -> State:
        address = self._addresses[part]
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  an address of this machine
            address, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with OPENER.open(request, timeout=TIMEOUT_S) as answer:
                state: State = json.load(answer)
                return state
        except urllib.error.HTTPError as error:
            raise Refused(f"{part} refused: {error.code} {error.read().decode(errors='replace')}") from error
        except (OSError, ValueError) as error:
            raise NotThere(
                f"{part} does not answer at {address} ({error}): make up starts the shop"
            ) from error
