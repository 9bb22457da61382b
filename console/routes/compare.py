"""Two traces side by side."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.comparison import compare
from console.errors import BadInput, NotFound
from console.routes.trace import find
from console.trace import Trace, trace_id_of

routes = Blueprint("compare", __name__)


@routes.get("/compare")
def show() -> Any:
    """Traces `left` and `right`, by id in any spelling; without both, a form that asks for them."""
    if picked := request.args.getlist("pick"):
        if len(picked) != 2:
            raise BadInput(f"pick: expected two traces to be ticked, not {len(picked)}")
        return redirect(
            url_for("compare.show", left=picked[1], right=picked[0])
        )  # the older one is on the left
    texts = {side: request.args.get(side, "").strip() for side in ("left", "right")}
    if not all(texts.values()):
        return render_template("compare.html", texts=texts, pairs=None)
    left, right = (_trace(side, text) for side, text in texts.items())
    longest_s = max(left.duration_s, right.duration_s, 1e-6)
    return render_template(
        "compare.html", texts=texts, left=left, right=right, pairs=compare(left, right), longest_s=longest_s
    )


def _trace(side: str, text: str) -> Trace:
    trace_id = trace_id_of(text)
    if not trace_id:
        raise BadInput(f"{side}={text!r} is no trace id")
    trace = find(trace_id)
    if trace is None:
        raise NotFound(f"{side}: trace {trace_id} is not here.")
    return trace
