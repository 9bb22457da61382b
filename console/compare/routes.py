"""Two traces side by side."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.compare.comparison import compare
from console.shared.aws import aws
from console.shared.errors import BadInput, NotFound
from console.shared.trace_id import trace_id_of
from console.trace.waterfall import Trace, find_trace

routes = Blueprint("compare", __name__)


@routes.get("/compare")
def show() -> Any:
    """Show the traces `left` and `right`, ids in any spelling; without both, a form that asks for them."""
    if ticked := request.args.getlist("pick"):
        if len(ticked) != 2:
            raise BadInput(f"pick: expected two traces to be ticked, not {len(ticked)}")
        newer, older = ticked
        return redirect(url_for("compare.show", left=older, right=newer))
    texts = {side: request.args.get(side, "").strip() for side in ("left", "right")}
    if not all(texts.values()):
        return render_template("compare/compare.html", texts=texts, pairs=None)
    left, right = (_trace(side, text) for side, text in texts.items())
    return render_template(
        "compare/compare.html",
        texts=texts,
        left=left,
        right=right,
        pairs=compare(left, right),
        longest_s=max(left.duration_s, right.duration_s, 1e-6),
    )


def _trace(side: str, text: str) -> Trace:
    trace_id = trace_id_of(text)
    if not trace_id:
        raise BadInput(f"{side}={text!r} is no trace id")
    trace = find_trace(aws(), trace_id)
    if trace is None:
        raise NotFound(f"{side}: trace {trace_id} is not here.")
    return trace
