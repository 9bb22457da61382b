"""GetTraceSummaries: one line a trace that began in a range of time."""

from typing import Any

from local.awsapi.errors import InvalidRequestException, NotImplementedYet
from local.xray.backend import Backend
from local.xray.summaries import summarize
from local.xray.time_ranges import range_of

PAGE = 500


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A page of summaries, oldest first; NextToken while there are more."""
    if request.get("FilterExpression"):
        raise NotImplementedYet(
            "FilterExpression is in AWS's API and not in this local stand-in yet; ask without it"
        )
    start_s, end_s = range_of(request)
    page = backend.store.between(start_s, end_s, _after(request.get("NextToken")), PAGE)
    traces = backend.assembled(page)
    return {
        "TraceSummaries": [summarize(trace) for trace in traces],
        "ApproximateTime": start_s,
        "TracesProcessedCount": len(traces),
        "NextToken": f"{page[-1].started_s!r}/{page[-1].trace_id}" if len(page) == PAGE else None,
    }


def _after(token: str | None) -> tuple[float, str]:
    """Where the page before ended."""
    if not token:
        return 0.0, ""
    started, _, trace_id = token.partition("/")
    try:
        return float(started), trace_id
    except ValueError:
        raise InvalidRequestException("Invalid NextToken") from None
