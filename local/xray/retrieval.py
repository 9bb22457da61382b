"""Trace retrievals: asynchronous on AWS, complete at once here, and forgotten when the process ends."""

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass

from local.xray.errors import ResourceNotFoundException

MAX_RETRIEVALS = 100


@dataclass(slots=True)
class Retrieval:
    """The ids of the traces to retrieve; `status` is COMPLETE or CANCELLED."""

    trace_ids: list[str]
    status: str = "COMPLETE"


class Retrievals:
    """The latest MAX_RETRIEVALS retrievals by their tokens."""

    def __init__(self) -> None:
        self._retrievals: OrderedDict[str, Retrieval] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, trace_ids: list[str]) -> str:
        """Begin a retrieval; returns its token."""
        token = str(uuid.uuid4())
        with self._lock:
            self._retrievals[token] = Retrieval(trace_ids)
            while len(self._retrievals) > MAX_RETRIEVALS:
                self._retrievals.popitem(last=False)
        return token

    def get(self, token: str) -> Retrieval:
        """The retrieval with this token. Raises ResourceNotFoundException."""
        retrieval = self._retrievals.get(token)
        if retrieval is None:
            raise ResourceNotFoundException(f"There is no trace retrieval {token}")
        return retrieval

    def cancel(self, token: str) -> None:
        """Cancel a retrieval: its token stays valid and retrieves nothing any more."""
        self.get(token).status = "CANCELLED"
