"""Log lines as they come in."""

from flask import Blueprint, current_app, render_template, request

from console.logs.dropped import dropped_lines
from console.logs.histogram import columns
from console.logs.lines import LEVELS, LineFilter, log_groups, newest_lines, search_of
from console.shared.aws import attempt, aws
from console.shared.errors import BadInput
from console.shared.pages import requested_range
from console.shared.trace_id import trace_id_of

routes = Blueprint("logs", __name__)
SHOWN, COUNTED = 300, 600  # lines that are listed, and that the histogram counts


@routes.get("/logs")
def show() -> str:
    """Show the newest lines of one service or all, by level, text and trace; of a build also by stream."""
    settings, span = current_app.extensions["settings"], requested_range()
    prefix = settings.log_group_prefix
    groups = log_groups(aws(), prefix)
    service, lines = request.args.get("service", ""), _line_filter()
    if service and prefix + service not in groups:
        raise BadInput(f"service={service!r}: there is no log group {prefix}{service}")
    if lines.stream and not service:
        raise BadInput(
            f"stream={lines.stream!r}: a stream belongs to a service's log group; expected service="
        )
    dropped, _ = attempt(lambda: dropped_lines(aws(), f"{settings.namespace}/Logs", span), dict)
    chosen = [prefix + service] if service else groups
    newest, has_earlier = newest_lines(aws(), chosen, lines, (span.start_s, span.end_s), COUNTED)
    return render_template(
        "logs/logs.html",
        span=span,
        services=[group.removeprefix(prefix) for group in groups],
        service=service,
        filter=lines,
        trace=request.args.get("trace", ""),
        levels=LEVELS,
        lines=newest[-SHOWN:],
        counted=len(newest),
        columns=columns(newest, span.start_s, span.end_s),
        search=request.args.get("text", "").strip(),
        has_earlier=has_earlier or len(newest) > SHOWN,
        prefix=prefix,
        dropped=dropped,
    )


def _line_filter() -> LineFilter:
    arguments = request.args
    level, trace = arguments.get("level", ""), arguments.get("trace", "").strip()
    if level and level not in LEVELS:
        raise BadInput(f"level={level!r}: expected one of {', '.join(LEVELS)}")
    trace_id = trace_id_of(trace) if trace else ""
    if trace_id is None:
        raise BadInput(f"trace={trace!r} is no trace id")
    text, fields = search_of(arguments.get("text", ""))
    has_static = bool(arguments.get("static")) or bool(trace_id) or "static" in arguments.get("text", "")
    return LineFilter(text, level, trace_id, arguments.get("stream", "").strip(), fields, has_static)
