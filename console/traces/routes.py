"""The list of traces, and the search box of every page."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.shared import filter_expressions
from console.shared.aws import aws
from console.shared.errors import AwsError, BadInput
from console.shared.pages import requested_range
from console.shared.time_range import TimeRange
from console.shared.trace_id import trace_id_of
from console.traces.refiners import refiners
from console.traces.summaries import (
    COLUMNS,
    LENGTHS,
    Summary,
    http,
    newest_summaries,
    slowest_summaries,
    started,
    summary_status,
)

routes = Blueprint("traces", __name__)


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
    return render_template(
        "traces/traces.html",
        span=span,
        expression=expression,
        summaries=sorted(
            summaries, key=lambda summary: (COLUMNS[column](summary), summary["Id"]), reverse=is_descending
        ),
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
        keywords=filter_expressions.KEYWORDS,
    )


@routes.get("/find")
def find() -> Any:
    """Redirect to the trace or the order's traces whose id is in the search box; another text is a filter."""
    text = request.args.get("q", "").strip()
    if trace_id := trace_id_of(text):
        return redirect(url_for("trace.show", text=trace_id))
    if filter_expressions.ORDER_ID.fullmatch(text):
        expression = filter_expressions.annotation("order_id", text)
        return redirect(url_for("traces.show", filter=expression, range="6h"))
    return redirect(url_for("traces.show", filter=text or None))


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


def _order() -> tuple[str, bool]:
    """The column to sort by, and whether its greatest value comes first."""
    sort, direction = request.args.get("sort", "age"), request.args.get("dir", "desc")
    if sort not in COLUMNS or direction not in ("asc", "desc"):
        raise BadInput(
            f"sort={sort!r}, dir={direction!r}: expected one of {', '.join(COLUMNS)}, and asc or desc"
        )
    return sort, direction == "desc"
