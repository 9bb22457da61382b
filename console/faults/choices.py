"""The faults by name: which can be switched on, at which services, and which are on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """A fault with the services that bear it together."""

    name: str
    summary: str
    percent: float
    bearers: tuple[str, ...]

    @property
    def key(self) -> str:
        """The choice in a form, e.g. `retry-storm@catalog+storefront`."""
        return f"{self.name}@{'+'.join(self.bearers)}"


@dataclass(frozen=True, slots=True)
class Active:
    """A fault that is on."""

    name: str
    shown_as: str
    percent: float
    bearers: tuple[str, ...]
    ends_at: float

    @property
    def where(self) -> str:
        """Its services in words; where it has a neutral name they are to be guessed, too."""
        return " and ".join(self.bearers) if self.shown_as == self.name else "to be found"


def of(states: Mapping[str, dict[str, Any] | None]) -> list[Choice]:
    """What the services offer: those that bear a fault by default together, each other one alone."""
    offers = [
        (service, offer) for service, state in states.items() for offer in (state or {}).get("offers", ())
    ]
    groups: dict[tuple[str, str], list[str]] = {}
    details = {offer["name"]: offer for _, offer in offers}
    for service, offer in offers:
        groups.setdefault((offer["name"], "" if offer["by_default"] else service), []).append(service)
    return [
        Choice(name, details[name]["summary"], details[name]["percent"], tuple(bearers))
        for (name, _), bearers in sorted(groups.items())
    ]


def active(states: Mapping[str, dict[str, Any] | None]) -> list[Active]:
    """The faults that are on, each with its services."""
    faults: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for service, state in states.items():
        for fault in (state or {}).get("faults", ()):
            faults.setdefault(fault["name"], []).append((service, fault))
    return [
        Active(
            name,
            entries[0][1].get("alias") or name,
            entries[0][1]["percent"],
            tuple(service for service, _ in entries),
            min(fault["ends_at"] for _, fault in entries),
        )
        for name, entries in faults.items()
    ]
