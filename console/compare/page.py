"""The page of two traces side by side, which the page of a deployment shows too."""

from collections.abc import Sequence
from typing import Any

from flask import render_template

from console.compare.comparison import compare
from console.shared.aws import aws
from console.shared.errors import BadInput, NotFound
from console.shared.trace_id import trace_id_of
from console.trace.waterfall import Trace, find_trace


def comparison_page(
    left_text: str, right_text: str, headings: Sequence[str] = ("Left", "Right"), **context: Any
) -> str:
    """Return the page of two traces, ids in any spelling; raises BadInput, NotFound, AwsError."""
    texts = {"left": left_text, "right": right_text}
    left, right = (_trace(side, text) for side, text in texts.items())
    return render_template(
        "compare/compare.html",
        texts=texts,
        headings=headings,
        left=left,
        right=right,
        pairs=compare(left, right),
        longest_s=max(left.duration_s, right.duration_s, 1e-6),
        **context,
    )


def _trace(side: str, text: str) -> Trace:
    trace_id = trace_id_of(text)
    if not trace_id:
        raise BadInput(f"{side}={text!r} is no trace id")
    trace = find_trace(aws(), trace_id)
    if trace is None:
        raise NotFound(f"{side}: trace {trace_id} is not here.")
    return trace
