"""Log lines of several log groups in one chronological list.

The filter pattern is a quoted phrase, which CloudWatch Logs and its stand-ins all understand; conditions on
a line's fields are checked here, since not every stand-in can.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from console.shared.aws import Aws
from console.shared.newest import newest
from console.shared.trace_id import trace_id_of

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
PAGE = 2_000
TRACE_LINES = 2_000
STATIC = ("/static/", "/favicon")
CONDITION = re.compile(r"(?<!\S)([A-Za-z_][\w.]*)=(\"[^\"]*\"|\S+)")
CLASS_OF_STATUS = re.compile(r"[1-5]xx", re.IGNORECASE)
AROUND = 60  # characters that are shown before and after a match
# shown by name, and the description of embedded metrics, which says nothing of the line
NAMED_FIELDS = frozenset(("timestamp", "level", "service", "message", "trace_id", "segment_id", "_aws"))


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
        """The log level; "" without one."""
        return str(self.fields.get("level", ""))

    @property
    def service(self) -> str:
        """The service that wrote the line, or the last part of the log group's name."""
        return str(self.fields.get("service") or self.group.rsplit("/", 1)[-1])

    @property
    def message(self) -> str:
        """The field `message`, or the whole line without it."""
        return str(self.fields["message"]) if "message" in self.fields else self.text

    @property
    def trace_id(self) -> str:
        """The trace id in X-Ray's form; "" without one."""
        return trace_id_of(str(self.fields.get("trace_id") or "")) or ""

    @property
    def segment_id(self) -> str:
        """The id of the segment in which the line was written; "" without one."""
        return str(self.fields.get("segment_id") or "")

    @property
    def is_static(self) -> bool:
        """Whether it is the access line of a static file."""
        return str(self.fields.get("path") or self.fields.get("route") or "").startswith(STATIC)

    @property
    def is_sampled(self) -> bool:
        """Whether its trace may be in X-Ray; a service marks a line of a trace that is not sampled."""
        return self.fields.get("sampled") is not False

    def shown_fields(self) -> dict[str, str]:
        """Return what a page shows of the line as texts, by name; the message, or the whole line, first."""
        shown = {"message": self.message, "service": self.service, "level": self.level}
        shown |= {"trace_id": self.trace_id} if self.trace_id else {}
        for name, value in self.further_fields().items():
            nested = value if isinstance(value, dict) else {"": value}
            shown |= {f"{name}.{key}".rstrip("."): str(inner) for key, inner in nested.items()}
        return shown

    def further_fields(self) -> dict[str, Any]:
        """Return the fields that a page does not show by name."""
        return {
            name: value
            for name, value in self.fields.items()
            if name not in NAMED_FIELDS and value is not None
        }


@dataclass(frozen=True, slots=True)
class Match:
    """Where a text stands in a line: the field, the text as it is written there, and what is around it."""

    field: str
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class LineFilter:
    """The lines to look for; "" matches any."""

    text: str = ""
    level: str = ""
    trace_id: str = ""
    stream: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # (name, value): status=500, path=/api/orders, order_id=ord-…
    has_static: bool = True  # whether requests for static files are listed

    def pattern(self) -> str:
        """Return a filter pattern that lets through every matching line, and as few others as it can."""
        values = [value for _, value in self.fields if not CLASS_OF_STATUS.fullmatch(value)]
        phrase = self.trace_id or self.text or max(values, key=len, default="")
        return '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"' if phrase else ""

    def matches(self, line: Line) -> bool:
        """Whether `line` matches; a level matches that level and worse ones."""
        if self.level and (line.level not in LEVELS or LEVELS.index(line.level) < LEVELS.index(self.level)):
            return False
        if self.trace_id and self.trace_id not in (line.trace_id, *line.text.split('"')):
            return False
        if not self.has_static and line.is_static:
            return False
        if not all(_has(line, name, value) for name, value in self.fields):
            return False
        return not self.text or any(match.field not in dict(self.fields) for match in self.in_fields(line))

    def in_fields(self, line: Line) -> list[Match]:
        """Return where the text stands in the fields that a page shows, and the fields that are searched."""
        shown = line.shown_fields()
        hits = [Match(name, "", shown[name], "") for name, _ in self.fields if name in shown]
        if self.text:
            hits += [match for name, value in shown.items() if (match := self._match(name, value))]
        return hits

    def _match(self, field: str, value: str) -> Match | None:
        at = value.lower().find(self.text.lower())
        if at < 0:
            return None
        end = at + len(self.text)
        before = value[max(0, at - AROUND) : at]
        before = f"…{before}" if at > AROUND else before
        after = value[end : end + AROUND] + ("…" if len(value) > end + AROUND else "")
        return Match(field, before, value[at:end], after)


def search_of(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the free text of a search and its conditions on fields, written as name=value."""
    conditions = tuple((match[1], match[2].strip('"')) for match in CONDITION.finditer(text))
    return " ".join(CONDITION.sub(" ", text).split()), conditions


def _has(line: Line, name: str, value: str) -> bool:
    """Whether a field has a value, or begins with it, in any case; 5xx is any status from 500 on."""
    fields = line.shown_fields()
    written = fields.get(name, fields.get(f"exception.{name}", "")).lower()
    if CLASS_OF_STATUS.fullmatch(value):
        return bool(written) and written[0] == value[0] and len(written) == 3
    if name == "status":
        return written == value.lower()
    return bool(written) and written.startswith(value.lower())


def log_groups(aws: Aws, prefix: str) -> list[str]:
    """Return the names of the log groups that begin with `prefix`; raises AwsError."""
    groups = aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix)
    return sorted(group["logGroupName"] for group in groups)


def newest_lines(
    aws: Aws, groups: list[str], lines: LineFilter, span: tuple[float, float], count: int
) -> tuple[list[Line], bool]:
    """Return the last `count` lines in `span`, oldest first, and whether there may be earlier ones.

    Raises AwsError.
    """
    pending = [aws.start(partial(newest, _reader(aws, group, lines), *span, count)) for group in groups]
    answers = [future.result() for future in pending]
    merged = sorted((line for answer, _ in answers for line in answer), key=lambda line: line.time_s)
    return merged[-count:], len(merged) > count or any(has_earlier for _, has_earlier in answers)


def trace_lines(aws: Aws, groups: list[str], trace_id: str, span: tuple[float, float]) -> list[Line]:
    """Return the lines of a trace, oldest first, at most TRACE_LINES of each group; raises AwsError."""
    lines = LineFilter(trace_id=trace_id)
    pending = [aws.start(partial(_lines_between, aws, group, lines, *span, TRACE_LINES)) for group in groups]
    return sorted((line for future in pending for line in future.result()[0]), key=lambda line: line.time_s)


def _reader(aws: Aws, group: str, lines: LineFilter) -> Callable[[float, float], tuple[list[Line], bool]]:
    return lambda start_s, end_s: _lines_between(aws, group, lines, start_s, end_s, PAGE)


def _lines_between(
    aws: Aws, group: str, lines: LineFilter, start_s: float, end_s: float, most: int
) -> tuple[list[Line], bool]:
    """The matching lines from `start_s` to just before `end_s`, oldest first, and whether those are all."""
    parameters: dict[str, Any] = {"logGroupName": group, "startTime": round(start_s * 1000), "limit": most}
    parameters["endTime"] = max(parameters["startTime"], round(end_s * 1000) - 1)  # AWS includes the end
    if lines.stream:
        parameters["logStreamNames"] = [lines.stream]
    if pattern := lines.pattern():
        parameters["filterPattern"] = pattern
    matching: list[Line] = []
    while True:
        page = aws.ask("logs", "filter_log_events", **parameters)
        matching += [line for event in page["events"] if lines.matches(line := line_of(group, event))]
        token = page.get("nextToken")
        if not token or len(matching) >= most:
            return matching, not token and len(page["events"]) < most
        parameters["nextToken"] = token


def line_of(group: str, event: dict[str, Any]) -> Line:
    """Return the line of one event of FilterLogEvents."""
    text = event.get("message", "")
    try:
        fields = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        fields = {}
    key = str(event.get("eventId") or hash((group, event["timestamp"], text)))
    return Line(key, group, event["timestamp"] / 1000, text, fields if isinstance(fields, dict) else {})
