"""GetTraceSummaries: summaries of the traces in a time range, filtered by an expression.

https://docs.aws.amazon.com/xray/latest/api/API_GetTraceSummaries.html
"""

import math
import time
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.filters.expressions import EVERYTHING
from local.xray.filters.parser import parse
from local.xray.segments import share_of
from local.xray.storage.reader import BEGINNING, Position
from local.xray.summaries import summarize
from local.xray.time_ranges import time_range

PAGE = 500
SEARCH_S = 0.2  # after which a filtered page ends, even a short one; AWS's may be short too
PARTIAL_SCAN = 10_000  # traces that a PartialScan examines, over all its pages
SERVICE_DELAY_S = 60  # ApproximateTime of the range type Service is earlier by this


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A page of summaries in the order of the range type, with a NextToken while there are more."""
    start_s, end_s = time_range(request)
    clock = request.get("TimeRangeType", "TraceId")
    rate, most = _sampling(request, clock)
    expression = parse(request["FilterExpression"]) if request.get("FilterExpression") else EVERYTHING
    after, examined_before = _read_token(request.get("NextToken"))
    summaries: list[dict[str, Any]] = []
    examined, has_more, ends_at = 0, False, time.monotonic() + SEARCH_S
    for position, trace in backend.search.candidates(expression, clock, start_s, end_s, after):
        after = position
        examined += 1
        if trace and share_of(trace.trace_id) < rate:
            event_s = None if clock == "TraceId" else float(math.floor(trace.received_s))
            summaries.append(summarize(trace) | {"MatchedEventTime": event_s})
        if examined_before + examined == most:
            break
        if len(summaries) == PAGE or (expression != EVERYTHING and time.monotonic() > ends_at):
            has_more = True
            break
    return {
        "TraceSummaries": summaries,
        "ApproximateTime": start_s - (SERVICE_DELAY_S if clock == "Service" else 0),
        "TracesProcessedCount": examined,
        "NextToken": f"{after[0]!r}/{after[1]}/{examined_before + examined}" if has_more else None,
    }


def _sampling(request: dict[str, Any], clock: str) -> tuple[float, int | None]:
    """The share of traces to answer, and how many to examine at most; all without Sampling."""
    strategy = request.get("SamplingStrategy") or {}
    if not request.get("Sampling"):
        return 1.0, None
    if strategy.get("Name", "PartialScan") == "PartialScan":
        return 1.0, PARTIAL_SCAN
    rate = strategy.get("Value")
    if rate is None or not 0 <= rate <= 1:
        raise InvalidRequestException("sampling rate must be specified and its value must be between [0, 1]")
    if clock != "Event":
        raise InvalidRequestException(
            f"Cannot use FixedRate with input time range type: {clock}. "
            "Please try using time range type: Event"
        )
    return float(rate), None


def _read_token(token: str | None) -> tuple[Position, int]:
    """Where the page ended that answered this NextToken, and how many traces were examined until then."""
    if not token:
        return BEGINNING, 0
    try:
        value, trace_id, examined = token.split("/")
        return (float(value), trace_id), int(examined)
    except ValueError:
        raise InvalidRequestException("Invalid NextToken") from None
