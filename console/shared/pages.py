"""What every page shares: escaping, template filters, the page's head, and errors as pages."""

import json
import time
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    make_response,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException

from console.shared import text, time_range
from console.shared.aws import attempt, aws
from console.shared.errors import BadInput, ConsoleError, NotFound
from console.shared.time_range import TimeRange

NAVIGATION = (
    ("service_map.show", "Map"),
    ("traces.show", "Traces"),
    ("logs.show", "Logs"),
    ("metrics.show", "Metrics"),
    ("deployments.show", "Deployments"),
    ("dora.show", "DORA"),
    ("sampling.show", "Sampling"),
    ("groups.show", "Groups"),
)


CLOCK = ("range", "start", "end", "paused", "clock", "beamer")  # arguments that every link keeps


def init_app(app: Flask) -> None:
    """Escape every value, add the template filters, and show every error as a page."""
    app.jinja_env.finalize = text.finalize
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "short": text.short,
        "json": lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str),
        "ms": text.milliseconds,
        "duration": text.duration,
        "percent": text.percent,
        "clock": time_range.clock,
        "iso": time_range.iso,
        "age": lambda epoch_s: time_range.age(epoch_s, time.time()),
    }
    app.context_processor(_head)
    app.url_defaults(_keep_clock)
    app.before_request(_start_clock)
    app.after_request(_add_server_timing)
    app.register_error_handler(ConsoleError, error_page)
    app.register_error_handler(HTTPException, _http_error_page)


def requested_range() -> TimeRange:
    """Return the time range in the request's address, the same for every page; raises BadInput."""
    return time_range.time_range(request.args, time.time())


def clock_arguments() -> dict[str, str]:
    """Return the arguments of the request's address that every link keeps: range, clock, beamer mode."""
    return {name: request.args[name] for name in CLOCK if request.args.get(name)}


def _keep_clock(endpoint: str, values: dict[str, Any]) -> None:
    """Add the clock's arguments to the address of each page; a link that names a range has its own."""
    if not has_request_context() or endpoint in ("static", "healthz"):
        return
    has_own_range = any(name in values for name in ("range", "start", "end"))
    for name, value in clock_arguments().items():
        if not (has_own_range and name in ("range", "start", "end", "paused")):
            values.setdefault(name, value)


def here(**changes: Any) -> str:
    """Return this page's address with some arguments changed; None removes an argument.

    Where no page answered, or a form was sent, it is the address of the map.
    """
    if request.endpoint is None or request.method != "GET":
        return url_for("service_map.show", **{name: changes[name] for name in CLOCK if name in changes})
    arguments = {**(request.view_args or {}), **request.args.to_dict(flat=False), **changes}
    # None is kept where _keep_clock would otherwise add what is to be removed
    kept = {name: value for name, value in arguments.items() if value is not None or name in CLOCK}
    return url_for(str(request.endpoint), **kept)


def _head() -> dict[str, Any]:
    """What base.html shows on every page."""
    shop = current_app.extensions["shop"]
    theme = request.cookies.get("lantern-theme")
    links = [(url_for(endpoint), label, request.endpoint == endpoint) for endpoint, label in NAVIGATION]
    if shop.is_configured:
        links.append((url_for("faults.show"), "Faults", request.endpoint == "faults.show"))
    span = _head_range()
    return {
        "here": here,
        "head_span": span,
        "clock_arguments": clock_arguments(),
        "is_local_clock": request.args.get("clock") == "local",
        "is_beamer": bool(request.args.get("beamer")),
        "account": attempt(lambda: aws().account, lambda: "AWS")[0],
        "links": links,
        "faults_on": shop.active_faults(),
        "is_breakable": shop.is_breakable,
        "theme": theme if theme in ("light", "dark") else "",
        "choices": time_range.CHOICES,
    }


def _head_range() -> TimeRange:
    """The range that the head shows; the usual one beside an error message about the range."""
    try:
        return requested_range()
    except BadInput:
        return time_range.time_range({}, time.time())


def _start_clock() -> None:
    g.started = time.perf_counter()


def _add_server_timing(response: Response) -> Response:
    if "started" in g:
        response.headers["Server-Timing"] = f"page;dur={(time.perf_counter() - g.started) * 1000:.1f}"
    return response


def error_page(error: ConsoleError) -> Response:
    """Return the page that shows an error."""
    return make_response(render_template("shared/error.html", error=error), error.status)


def _http_error_page(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if error.code == 404:
        return error_page(NotFound("There is no page at this address."))
    if error.code == 500:
        return error_page(ConsoleError("That is a fault of the console's own; its log says where."))
    bad_input = BadInput(error.description or error.name)
    bad_input.status = error.code
    return error_page(bad_input)
