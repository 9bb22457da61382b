"""The shop's /faults, on the laptop only: what is on, and switches for it."""

import json
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from console.errors import AwsError

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TIMEOUT_S, FRESH_S = 0.5, 2.0

State = dict[str, Any]


class Faults:
    """Asks each service of the shop; answers of the last two seconds are good enough for a banner."""

    def __init__(self, shop: dict[str, str]) -> None:
        self._shop = shop
        self._pool = ThreadPoolExecutor(max(1, len(shop)), "faults")
        self._lock = threading.Lock()
        self._known: dict[str, State | None] = {}
        self._asked_s = 0.0

    @property
    def is_there(self) -> bool:
        """Whether this console knows a shop at all."""
        return bool(self._shop)

    def states(self) -> dict[str, State | None]:
        """What each service injects; None where /faults is switched off or the service does not answer."""
        with self._lock:
            if time.monotonic() - self._asked_s > FRESH_S:
                self._known = dict(zip(self._shop, self._pool.map(self._read, self._shop), strict=True))
                self._asked_s = time.monotonic()
            return self._known

    def on(self) -> dict[str, str]:
        """The services that inject something, each with what, in words."""
        found = {name: words(state) for name, state in self.states().items() if state}
        return {name: said for name, said in found.items() if said}

    def switch(self, service: str, wanted: State) -> None:
        """Replace what `service` injects; raises AwsError with the service's own words when it refuses."""
        self._ask(service, "PUT", json.dumps(wanted).encode())
        self._asked_s = 0.0

    def knows(self, service: str) -> bool:
        """Whether the shop has that service."""
        return service in self._shop

    def _read(self, service: str) -> State | None:
        try:
            return self._ask(service, "GET", None)
        except AwsError:
            return None

    def _ask(self, service: str, method: str, body: bytes | None) -> State:
        url = f"{self._shop[service]}/faults"
        asked = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310  checked in settings
        try:
            with OPENER.open(asked, timeout=TIMEOUT_S) as answer:
                found: State = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise AwsError(f"{service} refused: {error.code} {_detail(error.read())}") from error
        except (OSError, ValueError) as error:
            raise AwsError(f"{service} does not answer at {url}: {error}") from error


def words(state: State) -> str:
    """What a service injects as a sentence; "" when that is nothing."""
    parts = []
    if state.get("error_share"):
        parts.append(f"{state['error_share']:.0%} of requests fail")
    if state.get("latency_ms"):
        parts.append(f"{state.get('latency_share', 1):.0%} wait {state['latency_ms']} ms")
    return ", ".join(parts)


def _detail(body: bytes) -> str:
    try:
        problem = json.loads(body)
        return str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, AttributeError):
        return ""
