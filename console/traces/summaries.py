"""The newest trace summaries that a filter expression matches, and the columns that list them.

https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from collections.abc import Callable, Mapping
from math import ceil, floor
from typing import Any

from console.shared.aws import Aws
from console.shared.newest import newest
from console.shared.status import PRECEDENCE, status_of

SHOWN = 250
SECOND = 1.0
PAGES = 8  # how many pages of one window are read at most: a rare match may be on a late one

Summary = Mapping[str, Any]


def newest_summaries(
    aws: Aws, expression: str, span: tuple[float, float], count: int = SHOWN
) -> tuple[list[Summary], bool]:
    """Return the last `count` traces in `span`, newest first, and whether there may be earlier ones.

    `span` is (start, end) in epoch seconds. Raises AwsError, for a wrong `expression` too.
    """

    def read(start_s: float, end_s: float) -> tuple[list[Summary], bool]:
        parameters: dict[str, Any] = {"StartTime": start_s, "EndTime": end_s}
        if expression:
            parameters["FilterExpression"] = expression
        summaries: list[Summary] = []
        for _ in range(PAGES):
            page = aws.ask("xray", "get_trace_summaries", **parameters)
            summaries += page["TraceSummaries"]
            parameters["NextToken"] = page.get("NextToken")
            if not parameters["NextToken"] or (len(summaries) >= count and end_s - start_s > SECOND):
                break  # the shortest window is read to its end, where the newest traces are
        is_all = not parameters["NextToken"]
        new = [summary for summary in summaries if summary["Id"] not in listed]
        listed.update(summary["Id"] for summary in new if is_all or end_s - start_s <= SECOND)
        return sorted(new, key=started), is_all

    listed: set[str] = set()  # a window may begin with the second with which the earlier one ends
    start_s, end_s = floor(span[0]), ceil(span[1])  # boto3 sends whole seconds
    summaries, has_earlier = newest(read, start_s, end_s, count, SECOND)
    return sorted(summaries, key=started, reverse=True), has_earlier


def started(summary: Summary) -> float:
    """Return when the trace began, epoch seconds; without StartTime, the second that its id names."""
    when = summary.get("StartTime")
    return float(when.timestamp()) if when else int(summary["Id"][2:10], 16)


def summary_status(summary: Summary) -> str:
    """Return throttle, fault, error or ok: how the trace's entry point answered."""
    return status_of({status: summary.get(f"Has{status.capitalize()}") for status in PRECEDENCE})


def http(summary: Summary, key: str) -> Any:
    """Return HttpURL, HttpStatus, HttpMethod, UserAgent or ClientIp; "" without it."""
    return (summary.get("Http") or {}).get(key, "")


# the columns by the argument `sort`, each with what it is sorted by
COLUMNS: dict[str, Callable[[Summary], Any]] = {
    "status": lambda summary: (summary_status(summary), str(http(summary, "HttpStatus"))),
    "method": lambda summary: http(summary, "HttpMethod"),
    "url": lambda summary: http(summary, "HttpURL"),
    "response": lambda summary: summary.get("ResponseTime") or 0.0,
    "duration": lambda summary: summary.get("Duration") or 0.0,
    "age": started,
    "id": lambda summary: summary["Id"],
}
