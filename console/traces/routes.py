"""The list of traces."""

from functools import partial
from math import ceil

from flask import Blueprint, render_template, request

from console.shared import filter_expressions, forms
from console.shared.aws import attempt, aws
from console.shared.errors import AwsError, BadInput
from console.shared.pages import requested_range
from console.shared.time_range import TimeRange
from console.traces.refiners import refiners
from console.traces.suggestions import suggestions
from console.traces.summaries import (
    COLUMNS,
    LENGTHS,
    Summary,
    http,
    newest_summaries,
    path_of,
    slowest_summaries,
    started,
    summary_status,
)

routes = Blueprint("traces", __name__)
AT_ONCE = 50  # traces on a page


@routes.get("/traces")
def show() -> str:
    """Show the newest or slowest traces that a filter matches; a wrong filter has its character marked."""
    span, expression = requested_range(), request.args.get("filter", "").strip()
    column, is_descending = _order()
    summaries: list[Summary] = []
    listed, problem, wrong_at = "", "", None
    try:
        summaries, listed = _listed(expression, span, column, is_descending)
    except AwsError as error:
        if not expression or error.code != "InvalidRequestException":
            raise
        problem, wrong_at = error.detail, filter_expressions.wrong_at(error.detail, len(expression))
    ordered = sorted(
        summaries, key=lambda summary: (COLUMNS[column](summary), summary["Id"]), reverse=is_descending
    )
    pages = max(1, ceil(len(ordered) / AT_ONCE))
    number = min(pages, forms.whole({"page": request.args.get("page", "1")}, "page", 1, 1000))
    return render_template(
        "traces/traces.html",
        span=span,
        expression=expression,
        total=len(ordered),
        summaries=ordered[AT_ONCE * (number - 1) : AT_ONCE * number],
        page=number,
        pages=pages,
        path_of=path_of,
        refiners=refiners(summaries),
        all_of=filter_expressions.all_of,
        started=started,
        summary_status=summary_status,
        http=http,
        sort=column,
        is_descending=is_descending,
        listed=listed,
        problem=problem,
        wrong_at=wrong_at,
        suggestion=_suggestion(expression, span) if problem else "",
        keywords=filter_expressions.KEYWORDS,
    )


def _listed(expression: str, span: TimeRange, column: str, is_descending: bool) -> tuple[list[Summary], str]:
    """The traces to list, and in words which of the range's they are."""
    seconds = span.whole_seconds()
    newest, has_earlier = newest_summaries(aws(), expression, seconds)
    if not has_earlier:
        return newest, f"all of the {span.words()}"
    if column in LENGTHS and is_descending:
        slowest = slowest_summaries(aws(), expression, seconds, column, newest)
        if slowest is not None:
            return slowest, f"the slowest of the {span.words()}"
    return newest, f"the newest of the {span.words()}; there may be more before them"


def _suggestion(expression: str, span: TimeRange) -> str:
    """The first expression that may be meant and that X-Ray takes; "" without one."""
    start_s, end_s = span.whole_seconds()
    services, _ = attempt(
        lambda: list(aws().pages("xray", "get_service_graph", "Services", StartTime=start_s, EndTime=end_s)),
        list,
    )
    names = sorted({service.get("Name", "") for service in services if service.get("Type") != "client"})
    moment = {"StartTime": end_s - 1, "EndTime": end_s}
    for candidate in suggestions(expression, names):
        ask = partial(aws().ask, "xray", "get_trace_summaries", FilterExpression=candidate, **moment)
        if attempt(ask, lambda: None)[0] is not None:
            return candidate
    return ""


def _order() -> tuple[str, bool]:
    """The column to sort by, and whether its greatest value comes first."""
    sort, direction = request.args.get("sort", "age"), request.args.get("dir", "desc")
    if sort not in COLUMNS or direction not in ("asc", "desc"):
        raise BadInput(
            f"sort={sort!r}, dir={direction!r}: expected one of {', '.join(COLUMNS)}, and asc or desc"
        )
    return sort, direction == "desc"
