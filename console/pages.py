"""What every page shares: escaping, filters of the templates, the head, and errors as pages."""

import json
import time
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from console import ranges, text
from console.aws import attempt, aws
from console.errors import BadInput, ConsoleError, NotFound
from console.ranges import TimeRange, time_range

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


def init_app(app: Flask) -> None:
    """Show any text as text, and any error as a page."""
    app.jinja_env.finalize = text.finalize
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "short": text.short,
        "json": lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str),
        "ms": text.milliseconds,
        "duration": text.duration,
        "clock": ranges.clock,
        "iso": ranges.iso,
        "age": lambda epoch_s: ranges.age(epoch_s, time.time()),
    }
    app.context_processor(_head)
    app.before_request(_start_clock)
    app.after_request(_tell_time)
    app.register_error_handler(ConsoleError, _show)
    app.register_error_handler(HTTPException, _translate)


def asked_range(default: str = "15m") -> TimeRange:
    """The stretch of time in the address."""
    return time_range(request.args, time.time(), default)


def here(**changes: Any) -> str:
    """This page's address with some arguments changed; None takes one out."""
    arguments: dict[str, Any] = (
        {**request.view_args, **request.args.to_dict(flat=False)}
        if request.view_args
        else (request.args.to_dict(flat=False))
    )
    arguments |= changes
    return url_for(
        str(request.endpoint), **{name: value for name, value in arguments.items() if value is not None}
    )


def _head() -> dict[str, Any]:
    shop = current_app.extensions["faults"]
    links = [(url_for(endpoint), label, request.endpoint == endpoint) for endpoint, label in NAVIGATION]
    if shop.is_there:
        links.append((url_for("faults.show"), "Faults", request.endpoint == "faults.show"))
    return {
        "here": here,
        "place": attempt(lambda: aws().place, lambda: "AWS")[0],
        "links": links,
        "faults_on": shop.on(),
        "theme": request.cookies.get("lantern-theme")
        if request.cookies.get("lantern-theme") in ("light", "dark")
        else "",
        "now_s": time.time(),
        "choices": ranges.CHOICES,
    }


def _start_clock() -> None:
    g.started = time.perf_counter()


def _tell_time(response: Response) -> Response:
    if "started" in g:
        response.headers["Server-Timing"] = f"page;dur={(time.perf_counter() - g.started) * 1000:.1f}"
    return response


def _show(error: ConsoleError) -> Response:
    return make_response(render_template("error.html", error=error), error.status)


def _translate(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if error.code == 404:
        return _show(NotFound("There is no page at this address."))
    if error.code == 500:
        return _show(ConsoleError("That is a fault of the console's own; its log says where."))
    wrong = BadInput(error.description or error.name)
    wrong.status = error.code
    return _show(wrong)
