"""Log lines of several groups in one chronological list.

The pattern is a quoted phrase, which CloudWatch Logs and its stand-ins all understand; what a field must be
is looked at here, since not every stand-in can.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from console.aws import Aws
from console.newest import newest
from console.trace import trace_id_of

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
PAGE = 2_000
TRACE_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One log event; `fields` is empty when the line is not a JSON object."""

    key: str
    group: str
    time_s: float
    text: str
    fields: dict[str, Any]

    @property
    def level(self) -> str:
        """Its level where it says one."""
        return str(self.fields.get("level", ""))

    @property
    def service(self) -> str:
        """Who wrote it."""
        return str(self.fields.get("service") or self.group.rsplit("/", 1)[-1])

    @property
    def message(self) -> str:
        """What it says."""
        return str(self.fields["message"]) if "message" in self.fields else self.text

    @property
    def trace_id(self) -> str:
        """Its trace, in X-Ray's form; "" without."""
        return trace_id_of(str(self.fields.get("trace_id") or "")) or ""

    @property
    def segment_id(self) -> str:
        """The segment that it was written in; "" without."""
        return str(self.fields.get("segment_id") or "")

    def rest(self) -> dict[str, Any]:
        """The fields that are not shown by name; the embedded metrics' own description is no news."""
        shown = {"timestamp", "level", "service", "message", "trace_id", "segment_id", "_aws"}
        return {name: value for name, value in self.fields.items() if name not in shown and value is not None}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: "" is any."""

    text: str = ""
    level: str = ""
    trace_id: str = ""
    stream: str = ""

    def pattern(self) -> str:
        """A filter pattern that lets all of them through, and as few others as it can."""
        phrase = self.trace_id or self.text
        return '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"' if phrase else ""

    def matches(self, line: Line) -> bool:
        """Whether `line` is meant; a level means that level and worse."""
        if self.level and (line.level not in LEVELS or LEVELS.index(line.level) < LEVELS.index(self.level)):
            return False
        if self.trace_id and self.trace_id not in (line.trace_id, *line.text.split('"')):
            return False
        return self.text.lower() in line.text.lower()


def groups(aws: Aws, prefix: str) -> list[str]:
    """The names of the groups below `prefix`."""
    return sorted(
        one["logGroupName"]
        for one in aws.pages(aws.logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    )


def newest_lines(
    aws: Aws, names: list[str], wanted: Wanted, span: tuple[float, float], count: int
) -> tuple[list[Line], bool]:
    """The last `count` lines of the groups in `span`, oldest first, and whether there may be more before."""
    pending = [aws.start(partial(newest, _look(aws, name, wanted), *span, count)) for name in names]
    found = [one.result() for one in pending]
    lines = sorted((line for lines, _ in found for line in lines), key=lambda line: line.time_s)
    return lines[-count:], len(lines) > count or any(more for _, more in found)


def trace_lines(aws: Aws, names: list[str], trace_id: str, span: tuple[float, float]) -> list[Line]:
    """Every line of a trace, in order; at most 2,000 of each group."""
    wanted = Wanted(trace_id=trace_id)
    pending = [aws.start(partial(_between, aws, name, wanted, *span, TRACE_LINES)) for name in names]
    return sorted((line for one in pending for line in one.result()[0]), key=lambda line: line.time_s)


def _look(aws: Aws, group: str, wanted: Wanted) -> Callable[[float, float], tuple[list[Line], bool]]:
    return lambda start_s, end_s: _between(aws, group, wanted, start_s, end_s, PAGE)


def _between(
    aws: Aws, group: str, wanted: Wanted, start_s: float, end_s: float, most: int
) -> tuple[list[Line], bool]:
    """The lines from `start_s` to just before `end_s`, oldest first, and whether that is all of them."""
    asked: dict[str, Any] = {"logGroupName": group, "startTime": round(start_s * 1000), "limit": most}
    asked["endTime"] = max(asked["startTime"], round(end_s * 1000) - 1)  # AWS counts the end in
    if wanted.stream:
        asked["logStreamNames"] = [wanted.stream]
    if pattern := wanted.pattern():
        asked["filterPattern"] = pattern
    found: list[Line] = []
    while True:
        page = aws.ask(aws.logs.filter_log_events, **asked)
        lines = [_line(group, event) for event in page["events"]]
        found += [line for line in lines if wanted.matches(line)]
        token = page.get("nextToken")
        if not token or len(found) >= most:
            return found, not token and len(page["events"]) < most
        asked["nextToken"] = token


def _line(group: str, event: dict[str, Any]) -> Line:
    text = event.get("message", "")
    try:
        fields = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        fields = {}
    key = str(event.get("eventId") or hash((group, event["timestamp"], text)))
    return Line(key, group, event["timestamp"] / 1000, text, fields if isinstance(fields, dict) else {})
