"""GetTraceSummaries: one line a trace that began in a range of time, all or those that a filter means."""

import time
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.expressions import Expression
from local.xray.filters import parse
from local.xray.matching import matches
from local.xray.search import condition
from local.xray.summaries import summarize
from local.xray.time_ranges import range_of
from local.xray.traces import Trace

PAGE = 500
CHUNK = 500
LOOK_S = 0.2  # a page may be short, AWS's are too; NextToken goes on


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A page of summaries, oldest first; NextToken while there are more."""
    span, after = range_of(request), _after(request.get("NextToken"))
    text = request.get("FilterExpression")
    if text:
        traces, looked_at, last = _filtered(backend, span, after, parse(text))
    else:
        page = backend.store.between(*span, after, PAGE)
        traces, looked_at = backend.assembled(page), len(page)
        last = (page[-1].started_s, page[-1].trace_id) if len(page) == PAGE else None
    return {
        "TraceSummaries": [summarize(trace) for trace in traces],
        "ApproximateTime": span[0],
        "TracesProcessedCount": looked_at,
        "NextToken": f"{last[0]!r}/{last[1]}" if last else None,
    }


def _filtered(
    backend: Backend, span: tuple[float, float], after: tuple[float, str], expression: Expression
) -> tuple[list[Trace], int, tuple[float, str] | None]:
    """The traces of a page, how many were looked at, and where the next page begins, if there is one."""
    backend.store.settle()
    narrow = condition(expression)
    found: list[Trace] = []
    looked_at, ends_at = 0, time.monotonic() + LOOK_S
    while len(found) < PAGE and time.monotonic() < ends_at:
        chunk = backend.store.candidates(span, after, narrow, CHUNK)
        traces = {
            trace.trace_id: trace
            for trace in backend.assembled(backend.store.traces(trace_id for _, trace_id in chunk))
        }
        for after in chunk:
            looked_at += 1
            trace = traces.get(after[1])
            if trace and (narrow.is_exact or matches(expression, trace, backend.groups.expression)):
                found.append(trace)
            if len(found) == PAGE:
                return found, looked_at, after
        if len(chunk) < CHUNK:
            return found, looked_at, None
    return found, looked_at, after


def _after(token: str | None) -> tuple[float, str]:
    """Where the page before ended."""
    if not token:
        return 0.0, ""
    started, _, trace_id = token.partition("/")
    try:
        return float(started), trace_id
    except ValueError:
        raise InvalidRequestException("Invalid NextToken") from None
