"""Trace retrieval: ask for many traces, read them later; ready at once, and forgotten with the process."""

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass

from local.xray.errors import ResourceNotFoundException

REMEMBERED = 100


@dataclass(slots=True)
class Retrieval:
    """Which traces were asked for, and whether somebody took it back."""

    trace_ids: list[str]
    status: str = "COMPLETE"


class Retrievals:
    """By token; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._retrievals: OrderedDict[str, Retrieval] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, trace_ids: list[str]) -> str:
        """Remember what is asked for; returns the token."""
        token = str(uuid.uuid4())
        with self._lock:
            self._retrievals[token] = Retrieval(trace_ids)
            while len(self._retrievals) > REMEMBERED:
                self._retrievals.popitem(last=False)
        return token

    def find(self, token: str) -> Retrieval:
        """Raises ResourceNotFoundException for a token that nobody gave."""
        found = self._retrievals.get(token)
        if found is None:
            raise ResourceNotFoundException(f"There is no trace retrieval {token}")
        return found

    def cancel(self, token: str) -> None:
        """Take it back."""
        self.find(token).status = "CANCELLED"
