"""Log lines out of records: whose they are, when they were written, whole again where Docker cut them."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from local.cloudwatch.forward import Event

PREFIX = "/lantern/"
SERVICE_LABEL = "com.docker.compose.service"
DROPPED = "lantern_dropped"  # a sender that lost lines says how many
MAX_EVENT_BYTES = 1_048_576 - 26  # of PutLogEvents; what is longer is cut
CUT = " … cut by the log agent"
MAX_PARTIALS = 256


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one container or process; `fields` is empty when it is no JSON object."""

    group: str
    source: str
    time_ms: int
    text: str
    fields: dict[str, Any]


class Assembler:
    """Puts the pieces of long lines together; what never gets its end is let go, oldest first."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()

    def line(self, event: Event) -> Line | None:
        """The line that `event` completes, if it does."""
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
    """The log group of a record's service."""
    name = str(record.get(SERVICE_LABEL) or record.get("container_name") or "unknown").strip("/")
    return PREFIX + (re.sub(r"[^\w./#-]", "-", name, flags=re.ASCII)[:100] or "unknown")


def _source(record: dict[str, Any]) -> str:
    return re.sub(r"[^\w.-]", "-", str(record.get("container_id") or "unknown"), flags=re.ASCII)[:12]


def _readable(text: str) -> str:
    """UTF-8, without what a line's end leaves, and no longer than CloudWatch takes."""
    raw = text.rstrip("\r\n").encode("utf-8", "surrogateescape")
    if len(raw) > MAX_EVENT_BYTES:
        raw = raw[: MAX_EVENT_BYTES - len(CUT.encode())] + CUT.encode()
    return raw.decode("utf-8", "replace") or " "  # CloudWatch takes no empty event


def _fields(text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _written_ms(fields: dict[str, Any]) -> int | None:
    said = fields.get("timestamp")
    try:
        return int(datetime.fromisoformat(said).timestamp() * 1000) if isinstance(said, str) else None
    except (ValueError, OverflowError, OSError):
        return None
