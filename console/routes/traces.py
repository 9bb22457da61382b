"""The list of traces."""

from flask import Blueprint, render_template, request

from console import filters
from console.aws import aws
from console.errors import AwsError, BadInput
from console.pages import asked_range
from console.trace_list import COLUMNS, SHOWN, Summary, http, newest_summaries, refiners, started, status

routes = Blueprint("traces", __name__)


@routes.get("/traces")
def show() -> str:
    """The newest traces that a filter expression means; a wrong one is shown with its character marked."""
    span, expression = asked_range(), request.args.get("filter", "").strip()
    sort, down = _order()
    summaries: list[Summary] = []
    has_more, problem, wrong_at = False, "", None
    try:
        summaries, has_more = newest_summaries(aws(), expression, (span.start_s, span.end_s))
    except AwsError as error:
        if not expression or error.code != "InvalidRequestException":
            raise
        problem, wrong_at = error.detail, filters.wrong_at(error.detail, len(expression))
    return render_template(
        "traces.html",
        span=span,
        expression=expression,
        summaries=sorted(summaries, key=COLUMNS[sort], reverse=down),
        refiners=refiners(summaries),
        both=filters.both,
        started=started,
        status=status,
        http=http,
        columns=COLUMNS,
        sort=sort,
        down=down,
        has_more=has_more,
        shown=SHOWN,
        problem=problem,
        wrong_at=wrong_at,
        keywords=filters.KEYWORDS,
    )


def _order() -> tuple[str, bool]:
    sort, direction = request.args.get("sort", "age"), request.args.get("dir", "desc")
    if sort not in COLUMNS or direction not in ("asc", "desc"):
        raise BadInput(
            f"sort={sort!r}, dir={direction!r}: expected one of {', '.join(COLUMNS)}, and asc or desc"
        )
    return sort, direction == "desc"
