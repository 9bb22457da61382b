"""Log lines as they come in."""

from flask import Blueprint, current_app, render_template, request

from console.aws import attempt, aws
from console.errors import BadInput
from console.logs import LEVELS, Wanted, groups, newest_lines
from console.metrics import drops
from console.pages import asked_range
from console.trace import trace_id_of

routes = Blueprint("logs", __name__)
SHOWN = 300


@routes.get("/logs")
def show() -> str:
    """The newest lines of one service or all, by level, text and trace; of a build also by its stream."""
    prefix, span = current_app.extensions["settings"].log_group_prefix, asked_range()
    names = groups(aws(), prefix)
    service, wanted = request.args.get("service", ""), _wanted()
    if service and prefix + service not in names:
        raise BadInput(f"service={service!r}: there is no log group {prefix}{service}")
    if wanted.stream and not service:
        raise BadInput(
            f"stream={wanted.stream!r}: a stream belongs to a service's log group; expected service="
        )
    chosen = [prefix + service] if service else names
    lost, _ = attempt(
        lambda: drops(aws(), f"{current_app.extensions['settings'].namespace}/Logs", span), dict
    )
    lines, has_more = newest_lines(aws(), chosen, wanted, (span.start_s, span.end_s), SHOWN)
    return render_template(
        "logs.html",
        span=span,
        services=[name.removeprefix(prefix) for name in names],
        service=service,
        wanted=wanted,
        asked_trace=request.args.get("trace", ""),
        levels=LEVELS,
        lines=lines,
        has_more=has_more,
        shown=SHOWN,
        prefix=prefix,
        drops=lost,
    )


def _wanted() -> Wanted:
    arguments = request.args
    level, trace = arguments.get("level", ""), arguments.get("trace", "").strip()
    if level and level not in LEVELS:
        raise BadInput(f"level={level!r}: expected one of {', '.join(LEVELS)}")
    trace_id = trace_id_of(trace) if trace else ""
    if trace_id is None:
        raise BadInput(f"trace={trace!r} is no trace id")
    return Wanted(arguments.get("text", "").strip(), level, trace_id, arguments.get("stream", "").strip())
