"""Creates log groups and streams, and deletes old streams: MiniStack keeps every event in memory for ever.

A stream that has grown to ROLL_BYTES is followed by another, and the group's oldest streams are deleted.
"""

import contextlib
import itertools
import time
from typing import Any

EVENT_COST_BYTES = 1_000  # how much memory MiniStack needs for an event beside its text
ROLL_BYTES = 8_000_000
KEPT = 6  # streams of a group that are kept beside the open ones


class Streams:
    """The streams of one log group, created when they are needed."""

    def __init__(self, logs: Any, group: str) -> None:
        self._logs, self._group = logs, group
        self._open: dict[str, tuple[str, int]] = {}  # by source: its stream, and how many bytes that has
        self._numbers = itertools.count(1)
        self._has_group = False

    def stream(self, source: str, size: int) -> str:
        """Return the name of the stream for the next `size` bytes of `source`. Raises botocore's errors."""
        name, filled = self._open.get(source, ("", 0))
        if not name or filled + size > ROLL_BYTES:
            name, filled = self._create(source), 0
        self._open[source] = (name, filled + size)
        return name

    def forget(self) -> None:
        """Create group and streams again at the next line; they were deleted."""
        self._open.clear()
        self._has_group = False

    def _create(self, source: str) -> str:
        already_exists = self._logs.exceptions.ResourceAlreadyExistsException
        if not self._has_group:
            with contextlib.suppress(already_exists):
                self._logs.create_log_group(logGroupName=self._group)
            self._has_group = True
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"{source}/{stamp}-{next(self._numbers):04d}"
        with contextlib.suppress(already_exists):
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=name)
        self._delete_oldest()
        return name

    def _delete_oldest(self) -> None:
        pages = self._logs.get_paginator("describe_log_streams").paginate(logGroupName=self._group)
        open_names = {name for name, _ in self._open.values()}
        streams = [stream for page in pages for stream in page["logStreams"]]
        closed = sorted((stream for stream in streams if stream["logStreamName"] not in open_names), key=_age)
        for stream in closed[: max(0, len(closed) - KEPT - 1)]:
            self._logs.delete_log_stream(logGroupName=self._group, logStreamName=stream["logStreamName"])


def _age(stream: dict[str, Any]) -> tuple[int, str]:
    return stream.get("creationTime", 0), stream["logStreamName"].rpartition("/")[2]
