"""Log groups and streams, and how much of them is kept: MiniStack holds every event in memory for ever.

A stream that has grown to ROLL_BYTES is followed by another, and the oldest go: that is retention, not loss.
"""

import contextlib
import itertools
import time
from typing import Any

EVENT_COST_BYTES = 1_000  # what an event takes in MiniStack's memory beside its text
ROLL_BYTES = 8_000_000
KEPT = 6  # streams of a group beside the one that is written


class Streams:
    """The streams of one group, made when they are needed."""

    def __init__(self, logs: Any, group: str) -> None:
        self._logs, self._group = logs, group
        self._open: dict[str, tuple[str, int]] = {}  # source → its stream and how much is in it
        self._numbers = itertools.count(1)
        self._has_group = False

    def stream(self, source: str, size: int) -> str:
        """The name of the stream for `size` bytes more of `source`; raises botocore's errors."""
        name, filled = self._open.get(source, ("", 0))
        if not name or filled + size > ROLL_BYTES:
            name, filled = self._make(source), 0
        self._open[source] = (name, filled + size)
        return name

    def forget(self) -> None:
        """Somebody deleted the group or a stream: make them anew."""
        self._open.clear()
        self._has_group = False

    def _make(self, source: str) -> str:
        already = self._logs.exceptions.ResourceAlreadyExistsException
        if not self._has_group:
            with contextlib.suppress(already):
                self._logs.create_log_group(logGroupName=self._group)
            self._has_group = True
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"{source}/{stamp}-{next(self._numbers):04d}"
        with contextlib.suppress(already):
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=name)
        self._delete_oldest()
        return name

    def _delete_oldest(self) -> None:
        pages = self._logs.get_paginator("describe_log_streams").paginate(logGroupName=self._group)
        found = [stream for page in pages for stream in page["logStreams"]]
        written = {name for name, _ in self._open.values()}
        old = sorted((one for one in found if one["logStreamName"] not in written), key=_age)
        for stream in old[: max(0, len(old) - KEPT - 1)]:
            self._logs.delete_log_stream(logGroupName=self._group, logStreamName=stream["logStreamName"])


def _age(stream: dict[str, Any]) -> tuple[int, str]:
    return stream.get("creationTime", 0), stream["logStreamName"].rpartition("/")[2]
