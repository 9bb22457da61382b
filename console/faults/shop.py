"""The shop's /faults, on the laptop only: what each service injects, and how to change it."""

import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from console.shared.errors import AwsError

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TIMEOUT_S = 0.5
FRESH_S = 30.0  # every page shows what is injected

State = dict[str, Any]


class Shop:
    """Asks each service of the shop what it injects, and keeps the answers for half a minute."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses  # by service
        self._pool = ThreadPoolExecutor(max(1, len(addresses)), "faults")
        self._lock = threading.Lock()
        self._states: dict[str, State | None] = {}
        self._asked_s = -math.inf

    @property
    def is_configured(self) -> bool:
        """Whether this console knows a shop at all."""
        return bool(self._addresses)

    def states(self, fresh_s: float = FRESH_S) -> dict[str, State | None]:
        """Return what each service injects, as it was `fresh_s` ago at most; None where faults are disabled.

        A service that does not answer is None too.
        """
        with self._lock:
            if time.monotonic() - self._asked_s > fresh_s:
                states = self._pool.map(self._read, self._addresses)
                self._states = dict(zip(self._addresses, states, strict=True))
                self._asked_s = time.monotonic()
            return self._states

    @property
    def is_breakable(self) -> bool:
        """Whether faults can be switched on at all, be they on or off."""
        return any(state is not None for state in self.states().values())

    def active_faults(self) -> dict[str, str]:
        """Return what the services inject, in words; a fault that shall be guessed tells no service."""
        states = {service: state for service, state in self.states().items() if state}
        faults = {service: words(state) for service, state in states.items()}
        riddles = {
            fault["alias"]: "to be found"
            for state in states.values()
            for fault in state.get("faults", ())
            if fault.get("alias")
        }
        return {service: text for service, text in faults.items() if text} | riddles

    def switch(self, service: str, change: State) -> None:
        """Change a part of what `service` injects; raises AwsError with its own words when it refuses."""
        self._replace(service, self._ask(service, "GET", None) | change)

    def switch_on(self, bearers: Iterable[str], fault: State) -> None:
        """Add a fault to what these services inject; raises AwsError."""
        for service in bearers:
            state = self._ask(service, "GET", None)
            self._replace(service, state | {"faults": [*_others(state, fault["name"]), fault]})

    def switch_off(self, name: str) -> None:
        """End the fault of this name wherever it is on; raises AwsError."""
        for service, state in self.states(fresh_s=0).items():
            if state and any(fault["name"] == name for fault in state.get("faults", ())):
                self._replace(service, state | {"faults": _others(state, name)})

    def knows(self, service: str) -> bool:
        """Whether the shop has that service."""
        return service in self._addresses

    def _read(self, service: str) -> State | None:
        try:
            state = self._ask(service, "GET", None)
            return None if state.get("enabled") is False else state
        except AwsError:
            return None

    def _replace(self, service: str, state: State) -> None:
        """Have a service inject what `state` says; what it offers is not its to be told."""
        own = {key: value for key, value in state.items() if key != "offers"}
        self._ask(service, "PUT", json.dumps(own).encode())
        self._asked_s = -math.inf

    def _ask(self, service: str, method: str, body: bytes | None) -> State:
        url = f"{self._addresses[service]}/faults"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  checked in settings
        try:
            with OPENER.open(request, timeout=TIMEOUT_S) as answer:
                state: State = json.load(answer)
                return state
        except urllib.error.HTTPError as error:
            raise AwsError(f"{service} refused: {error.code} {_detail(error.read())}") from error
        except (OSError, ValueError) as error:
            raise AwsError(f"{service} does not answer at {url}: {error}") from error


def words(state: State) -> str:
    """Return what a service injects as a sentence; "" when it injects nothing."""
    parts = []
    if state.get("error_share"):
        parts.append(f"{state['error_share']:.0%} of requests fail")
    if state.get("latency_ms"):
        parts.append(f"{state.get('latency_share', 1):.0%} wait {state['latency_ms']} ms")
    parts += [fault["name"] for fault in state.get("faults", ()) if not fault.get("alias")]
    return ", ".join(parts)


def _others(state: State, name: str) -> list[State]:
    """The faults of a service but the one of this name."""
    return [fault for fault in state["faults"] if fault["name"] != name]


def _detail(body: bytes) -> str:
    try:
        problem = json.loads(body)
        return str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, AttributeError):
        return ""
