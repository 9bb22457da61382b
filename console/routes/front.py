"""The way in: to the map, to whatever was typed into the search box, and the health check."""

from typing import Any

from flask import Blueprint, redirect, request, url_for

from console.trace import trace_id_of

routes = Blueprint("front", __name__)


@routes.get("/")
def show() -> Any:
    """The map is the first thing to see."""
    return redirect(url_for("service_map.show"))


@routes.get("/find")
def find() -> Any:
    """A trace id leads to its trace, anything else is a filter expression."""
    text = request.args.get("q", "").strip()
    trace_id = trace_id_of(text)
    if trace_id:
        return redirect(url_for("trace.show", text=trace_id))
    return redirect(url_for("traces.show", filter=text or None))


@routes.get("/healthz")
def healthz() -> dict[str, str]:
    """Alive; asks nobody."""
    return {"status": "ok"}
