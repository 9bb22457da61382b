"""Two traces side by side."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from console.compare.page import comparison_page
from console.shared.errors import BadInput

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
    return comparison_page(*texts.values())
