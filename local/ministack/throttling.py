"""The fault `throttled-table`: DynamoDB refuses requests to a table beyond a small capacity, as AWS's does.

It is switched at /_lantern/faults in the same words as a service's faults at /faults.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME, TABLE = "throttled-table", "lantern-products"
CAPACITY_A_S, BURST = 10.0, 4.0  # requests; PERCENT of the capacity is taken away
PERCENT, LASTS_S, LONGEST_S = 80.0, 15 * 60.0, 24 * 3600.0
FIELDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "percent": (int, float),
    "ends_at": (int, float),
    "alias": (str,),
    "sku": (str, type(None)),
}
CODE = "ProvisionedThroughputExceededException"
MESSAGE = "The level of configured provisioned throughput for the table was exceeded."
OFFER = {
    "name": NAME,
    "summary": f"DynamoDB refuses requests to {TABLE} beyond {CAPACITY_A_S * (1 - PERCENT / 100):g} a second",
    "percent": PERCENT,
    "by_default": True,
    "sku": "",
}

State = dict[str, Any]


class WrongFault(Exception):
    """A body that cannot be taken; the text names the field and what was expected."""


class Throttling:
    """The fault's state, in `file` too, and the table's capacity while it is on."""

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._fault: State | None = None
        self._tokens, self._counted_at = BURST, clock()
        if file is not None:
            with contextlib.suppress(OSError, ValueError, WrongFault):
                self._fault = _fault(json.loads(file.read_bytes()))

    @property
    def is_on(self) -> bool:
        """Whether requests are counted at present."""
        return self._fault is not None and time.time() < self._fault["ends_at"]

    def state(self) -> State:
        """What is on, and what could be, as a service says it."""
        return {"faults": [self._fault] if self.is_on else [], "offers": [OFFER]}

    def replace(self, body: bytes) -> State:
        """Switch it as `{"faults": […]}` says. Raises WrongFault."""
        try:
            state = json.loads(body)
        except ValueError as error:
            raise WrongFault(f"body: expected JSON: {error}") from error
        self._fault = _fault(state)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(self.state()))
            os.replace(new, self._file)
        return self.state()

    def refuses(self, body: bytes) -> bool:
        """Whether a request to DynamoDB is one too many; it counts when it is about the table."""
        if self._fault is None or f'"{TABLE}"'.encode() not in body:
            return False
        now = self._clock()
        rate = CAPACITY_A_S * (1 - self._fault["percent"] / 100)
        self._tokens = min(BURST, self._tokens + (now - self._counted_at) * rate)
        self._counted_at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False


def _fault(state: Any) -> State | None:
    faults = state.get("faults") if isinstance(state, dict) else None
    if not isinstance(faults, list) or len(faults) > 1:
        raise WrongFault("faults: expected a list of at most one fault")
    if not faults:
        return None
    fault = {"percent": PERCENT, "ends_at": time.time() + LASTS_S, "alias": "", **faults[0]}
    for name, value in fault.items():
        if name not in FIELDS or isinstance(value, bool) or not isinstance(value, FIELDS[name]):
            raise WrongFault(
                f"faults[0].{name}: expected one of {', '.join(FIELDS)}, with a value of its kind"
            )
    if fault.get("name") != NAME:
        raise WrongFault(f"faults[0].name: expected {NAME}")
    if not 0 < fault["percent"] <= 100:
        raise WrongFault("faults[0].percent: expected more than 0 and at most 100")
    if fault["ends_at"] > time.time() + LONGEST_S:
        raise WrongFault("faults[0].ends_at: expected a time within the next 24 hours")
    return fault
