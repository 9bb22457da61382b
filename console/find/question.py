"""What kind of thing a text in the question box names."""

import re
from dataclasses import dataclass
from typing import Literal

from console.shared import filter_expressions
from console.shared.trace_id import trace_id_of

Kind = Literal["trace", "order", "deployment", "commit", "path", "filter"]
DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{3,32}", re.IGNORECASE)
COMMIT = re.compile(r"(?=.*\d)[0-9a-f]{7,40}", re.IGNORECASE)
PATH = re.compile(
    r"(?:(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+)?(?:https?://[^/\s]+)?(/\S*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Question:
    """A text of the question box, as its kind writes it; of a path the filter expression."""

    kind: Kind
    text: str


def question_of(text: str) -> Question:
    """Return what `text` names; what is nothing else is a filter expression."""
    words = text.strip()
    if trace_id := trace_id_of(words):
        return Question("trace", trace_id)
    if filter_expressions.ORDER_ID.fullmatch(words):
        return Question("order", words)
    if DEPLOYMENT_ID.fullmatch(words):
        return Question("deployment", words[:2].lower() + words[2:].upper())
    if COMMIT.fullmatch(words):
        return Question("commit", words.lower())
    if match := PATH.fullmatch(words):
        return Question("path", _filter_of_path(match[1], match[2]))
    return Question("filter", words)


def _filter_of_path(method: str | None, path: str) -> str:
    """The filter for requests of a path; "{id}" in it, as pages write it, stands for anything."""
    parts = [part for part in re.split(r"\{\w*\}", path) if part] or ["/"]
    has_end = len(parts) == 1 and "{" not in path
    conditions = [
        f"http.url {'ENDSWITH' if has_end else 'CONTAINS'} {filter_expressions.quoted(part)}"
        for part in parts
    ]
    if method:
        conditions.insert(0, f"http.method = {filter_expressions.quoted(method.upper())}")
    return " AND ".join(conditions)
