"""Turns records into log lines: their group, their time, and the pieces joined where Docker has split one."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from local.cloudwatch.forward import Event

PREFIX = "/lantern/"
SERVICE_LABEL = "com.docker.compose.service"
DROPPED = "lantern_dropped"  # the field in which the supervisor tells how many lines it has dropped
MAX_EVENT_BYTES = 1_048_576 - 26  # PutLogEvents takes no longer message; such a line is cut
CUT = " … cut by the log agent"
MAX_PARTIALS = 256


@dataclass(frozen=True, slots=True)
class Line:
    """One log line of a container or process; `fields` is empty unless the line is a JSON object."""

    group: str
    source: str
    time_ms: int
    text: str
    fields: dict[str, Any]


class Assembler:
    """Joins the pieces of split lines; beyond MAX_PARTIALS incomplete lines the oldest is forgotten."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()

    def line(self, event: Event) -> Line | None:
        """Return the line that `event` completes, or None when pieces of it are still missing."""
        record, text = event.record, str(event.record.get("log", ""))
        if record.get("partial_message") == "true":
            whole = self._joined(record, text)
            if whole is None:
                return None
            text = whole
        text = _readable(text)
        fields = _fields(text)
        written_ms = _written_ms(fields)
        arrived_ms = int(event.time_s * 1000)
        time_ms = written_ms if written_ms is not None and written_ms <= arrived_ms + 2000 else arrived_ms
        return Line(group_of(record), _source(record), time_ms, text, fields)

    def _joined(self, record: dict[str, Any], text: str) -> str | None:
        name = str(record.get("partial_id"))
        pieces = self._pieces.setdefault(name, [])
        pieces.append((int(record.get("partial_ordinal") or 0), text))
        if record.get("partial_last") != "true":
            if len(self._pieces) > MAX_PARTIALS:
                self._pieces.popitem(last=False)
            return None
        del self._pieces[name]
        return "".join(piece for _, piece in sorted(pieces))


def group_of(record: dict[str, Any]) -> str:
    """Return the name of the log group for a record's service."""
    name = str(record.get(SERVICE_LABEL) or record.get("container_name") or "unknown").strip("/")
    return PREFIX + (re.sub(r"[^\w./#-]", "-", name, flags=re.ASCII)[:100] or "unknown")


def _source(record: dict[str, Any]) -> str:
    return re.sub(r"[^\w.-]", "-", str(record.get("container_id") or "unknown"), flags=re.ASCII)[:12]


def _readable(text: str) -> str:
    """Return valid UTF-8 without line end, no longer than CloudWatch Logs takes and never empty."""
    raw = text.rstrip("\r\n").encode("utf-8", "surrogateescape")
    if len(raw) > MAX_EVENT_BYTES:
        raw = raw[: MAX_EVENT_BYTES - len(CUT.encode())] + CUT.encode()
    return raw.decode("utf-8", "replace") or " "  # PutLogEvents refuses an empty message


def _fields(text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _written_ms(fields: dict[str, Any]) -> int | None:
    timestamp = fields.get("timestamp")
    if not isinstance(timestamp, str):
        return None
    try:
        return int(datetime.fromisoformat(timestamp).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
