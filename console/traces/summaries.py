"""The newest or slowest trace summaries that a filter expression matches, and the columns that list them.

https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor
from typing import Any
from urllib.parse import urlsplit

from console.shared import filter_expressions
from console.shared.aws import Aws
from console.shared.newest import newest
from console.shared.status import PRECEDENCE, status_of

SHOWN = 250
SECOND = 1.0
LENGTHS = {"response": "responsetime", "duration": "duration"}  # columns and their keywords
SLOW_SHARE = 0.05  # of the newest traces: those that are slow
ENOUGH = 50  # slow traces to be listed; with less the limit is lowered
ATTEMPTS = 3
ROUNDING_S = 0.0005
PAGES = 8  # how many pages of one window are read at most: a rare match may be on a late one

ID = re.compile(r"(?=.*\d)[\w-]{8,}")  # a part of a path that names one order, not a kind of request

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


def slowest_summaries(
    aws: Aws,
    expression: str,
    span: tuple[float, float],
    column: str,
    recent: list[Summary],
    count: int = SHOWN,
) -> list[Summary] | None:
    """Return the slowest traces of the whole `span`, at most `count`; None where there are too many.

    `column` is "response" or "duration". The `recent` traces tell how long most traces take, and X-Ray is
    asked for every trace of `span` that took longer. Raises AwsError.
    """
    slowest: list[Summary] | None = None
    for share in (SLOW_SHARE, 5 * SLOW_SHARE):
        slower, is_all = slower_than(aws, expression, span, column, _least_s(recent, column, share))
        slowest = slower if is_all else slowest
        if not is_all or len(slower) >= ENOUGH:
            break
    for _ in range(
        ATTEMPTS if slowest is None else 0
    ):  # the newest traces were quicker than the earlier ones
        slower, is_all = slower_than(aws, expression, span, column, _least_s(slower, column, SLOW_SHARE))
        if is_all:
            slowest = slower
            break
    return slowest and slowest[:count]


def _least_s(summaries: list[Summary], column: str, share: float) -> float:
    """The seconds that only a `share` of the traces exceed."""
    seconds = sorted(map(COLUMNS[column], summaries), reverse=True)
    return float(seconds[int(share * len(seconds))])


def slower_than(
    aws: Aws, expression: str, span: tuple[float, float], column: str, least_s: float
) -> tuple[list[Summary], bool]:
    """Return the traces of `span` that took `least_s` or longer, slowest first, and whether those are all."""
    # a summary is rounded to the millisecond; a filter looks at the exact time
    condition = f"{LENGTHS[column]} >= {max(0.0, least_s - ROUNDING_S):.6g}"
    summaries, is_all = matching(aws, filter_expressions.all_of(expression, condition), span)
    return sorted(summaries, key=COLUMNS[column], reverse=True), is_all


def matching(aws: Aws, expression: str, span: tuple[float, float]) -> tuple[list[Summary], bool]:
    """Return the traces of `span` that match, a few pages, and whether those are all; raises AwsError."""
    parameters: dict[str, Any] = {
        "StartTime": floor(span[0]),
        "EndTime": ceil(span[1]),
        "FilterExpression": expression,
    }
    summaries: list[Summary] = []
    for _ in range(PAGES):
        page = aws.ask("xray", "get_trace_summaries", **parameters)
        summaries += page["TraceSummaries"]
        parameters["NextToken"] = page.get("NextToken")
        if not parameters["NextToken"]:
            break
    return summaries, not parameters["NextToken"]


def started(summary: Summary) -> float:
    """Return when the trace began, epoch seconds; without StartTime, the second that its id names."""
    when = summary.get("StartTime")
    return float(when.timestamp()) if when else int(summary["Id"][2:10], 16)


def summary_status(summary: Summary) -> str:
    """Return throttle, fault, error or ok: how the trace's entry point answered."""
    return status_of({status: summary.get(f"Has{status.capitalize()}") for status in PRECEDENCE})


def by_endpoint(summaries: Sequence[Summary]) -> dict[str, list[Summary]]:
    """Return the requests over HTTP by their endpoints, each in the given order."""
    endpoints: dict[str, list[Summary]] = {}
    for summary in summaries:
        if http(summary, "HttpURL"):
            endpoints.setdefault(endpoint_of(summary), []).append(summary)
    return endpoints


def http(summary: Summary, key: str) -> Any:
    """Return HttpURL, HttpStatus, HttpMethod, UserAgent or ClientIp; "" without it."""
    return (summary.get("Http") or {}).get(key, "")


def response_s(summary: Summary) -> float:
    """Return the response time in seconds."""
    return float(summary.get("ResponseTime") or 0.0)


def path_of(summary: Summary) -> str:
    """Return the path of the trace's request, without host and query; "" without a request."""
    return str(urlsplit(http(summary, "HttpURL")).path)


def endpoint_of(summary: Summary) -> str:
    """Return method and path of the trace's request, without host, query, and ids of orders and the like."""
    return f"{http(summary, 'HttpMethod')} {'/'.join(_template(summary))}"


def endpoint_filter(summary: Summary) -> str:
    """Return the filter expression for traces of the same endpoint."""
    method, parts = http(summary, "HttpMethod"), _template(summary)
    fixed = next((number for number, part in enumerate(parts) if part.startswith("{")), len(parts))
    words, has_id = "/".join(parts[:fixed]), fixed < len(parts)
    url = f"http.url CONTAINS {filter_expressions.quoted(words + '/')}"
    url = url if has_id else f"http.url ENDSWITH {filter_expressions.quoted(words)}"
    return f"http.method = {filter_expressions.quoted(method)} AND {url}" if method else url


def _template(summary: Summary) -> list[str]:
    """The parts of the path; a part that is an annotation's value, or looks like an id, by its name in {}."""
    names = {
        str(next(iter((value.get("AnnotationValue") or {}).values()), "")): key
        for key, values in (summary.get("Annotations") or {}).items()
        for value in values
    }
    return [
        f"{{{names[part]}}}" if part in names else "{id}" if ID.fullmatch(part) else part
        for part in path_of(summary).split("/")
    ]


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the least of the values, in ascending order, that `share` percent of them do not exceed."""
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)] if ordered else 0.0


# the columns by the argument `sort`, each with what it is sorted by
COLUMNS: dict[str, Callable[[Summary], Any]] = {
    "status": lambda summary: (summary_status(summary), str(http(summary, "HttpStatus"))),
    "method": lambda summary: http(summary, "HttpMethod"),
    "url": lambda summary: http(summary, "HttpURL"),
    "response": response_s,
    "duration": lambda summary: summary.get("Duration") or 0.0,
    "age": started,
    "id": lambda summary: summary["Id"],
}
