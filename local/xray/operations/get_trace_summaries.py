"""GetTraceSummaries: summaries of the traces that began in a time range, filtered by an expression."""

import time
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.filters.expressions import Expression
from local.xray.filters.parser import parse
from local.xray.storage.reader import BEGINNING, Position
from local.xray.summaries import summarize
from local.xray.time_ranges import time_range
from local.xray.traces import Trace

PAGE = 500
SEARCH_S = 0.2  # after which a filtered page ends, even a short one; AWS's may be short too

Page = tuple[
    list[Trace], int, Position | None
]  # its traces, how many were examined, where the next one begins


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A page of summaries, oldest first, with a NextToken while there are more."""
    start_s, end_s = time_range(request)
    after = _position(request.get("NextToken"))
    if request.get("FilterExpression"):
        expression = parse(request["FilterExpression"])
        traces, examined, end = _filtered_page(backend, expression, start_s, end_s, after)
    else:
        traces, examined, end = _page(backend, start_s, end_s, after)
    return {
        "TraceSummaries": [summarize(trace) for trace in traces],
        "ApproximateTime": start_s,
        "TracesProcessedCount": examined,
        "NextToken": f"{end[0]!r}/{end[1]}" if end else None,
    }


def _page(backend: Backend, start_s: float, end_s: float, after: Position) -> Page:
    stored = backend.store.reader.traces_between(start_s, end_s, after, PAGE)
    end = (stored[-1].started_s, stored[-1].trace_id) if len(stored) == PAGE else None
    return list(backend.assembled(stored)), len(stored), end


def _filtered_page(
    backend: Backend, expression: Expression, start_s: float, end_s: float, after: Position
) -> Page:
    traces: list[Trace] = []
    examined, ends_at = 0, time.monotonic() + SEARCH_S
    for position, trace in backend.search.candidates(expression, start_s, end_s, after):
        examined += 1
        if trace:
            traces.append(trace)
        if len(traces) == PAGE or time.monotonic() > ends_at:
            return traces, examined, position
    return traces, examined, None


def _position(token: str | None) -> Position:
    """Where the page ended that answered this NextToken."""
    if not token:
        return BEGINNING
    started, _, trace_id = token.partition("/")
    try:
        return float(started), trace_id
    except ValueError:
        raise InvalidRequestException("Invalid NextToken") from None
