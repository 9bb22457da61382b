"""Likely right expressions in the place of a wrong one: common slips, put right one after another."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from console.shared import filter_expressions

SLIPS = (  # what people write, and what the expression language says
    (r"==", "="),
    (r"<>", "!="),
    (r"&&?", " AND "),
    (r"\|\|?", " OR "),
    (r"[“”„']", '"'),
    (
        r"(?i)\b(?:http\.)?(?:status|statuscode|status_code|code)\b\s*(?:=|:|\s)\s*(\d{3})\b",
        r"http.status = \1",
    ),
    (r"(?i)\b(?:http\.)?(?:path|uri|route|url)\b\s*(=|CONTAINS|BEGINSWITH|ENDSWITH|:)\s*", r"http.url \1 "),
    (r"http\.url [=:] (?=\"?/)", "http.url CONTAINS "),
    (r"(?i)\b(?:http\.)?method\b\s*[=:]\s*", "http.method = "),
    (r"(?i)\b(?:latency|took|response_?time|responsetime)\b", "responsetime"),
    (r"\bannotation\.(\w+)", r"annotation[\1]"),
    (r"(?<![\w.\[])(order_id|sku|version)\s*[=:]\s*", r"annotation[\1] = "),
    (r"\bservice\s*[=:]\s*\"?([\w.-]+)\"?", r'service("\1")'),
    (r"(?i)\b(service|edge)\(([^()]*)\)", lambda match: f"{match[1].lower()}({_names(match[2])})"),
    (r"(?i)\b(\d+(?:\.\d+)?)\s*ms\b", lambda match: f"{float(match[1]) / 1000:.6g}"),
    (r"(?i)\b(\d+(?:\.\d+)?)\s*s\b", r"\1"),
    (r"\b(service|edge)\((\"[^()\"]*\")\s*\{", r"\1(\2) {"),
    (r"(=|CONTAINS|BEGINSWITH|ENDSWITH)\s*([A-Za-z/][\w/.{}-]*|\d+\.\d+\.[\w.-]+)(?=[\s})]|$)", r'\1 "\2"'),
    (r"\s+", " "),
)
WORD = re.compile(r"(?<![\w\"\[.])[A-Za-z][\w.]*(?![\w\"\]])")
STATUS = re.compile(r"[1-5]\d\d")
NAME = re.compile(r"[A-Za-z][\w-]*")


def suggestions(expression: str, names: list[str]) -> Iterator[str]:
    """Yield expressions that may be meant, the likeliest first; `names` are the nodes of the map."""
    bare = expression.strip().strip("\"'")
    if STATUS.fullmatch(bare):
        yield f"http.status = {bare}"
    if NAME.fullmatch(bare) and (close := get_close_matches(bare, names, 1, 0.75)):
        yield filter_expressions.node(close[0], "")
    mended = expression
    for wrong, right in SLIPS:
        mended = re.sub(wrong, right, mended)
    mended = mended.strip()
    spelt = WORD.sub(_keyword, mended)
    yield from dict.fromkeys(text for text in (mended, spelt, *_closed(spelt)) if text != expression)
    if NAME.fullmatch(bare) or " " not in bare:
        yield f"http.url CONTAINS {filter_expressions.quoted(bare)}"


def _names(inside: str) -> str:
    if ":" in inside:
        return inside
    return ", ".join(
        filter_expressions.quoted(name.strip().strip('"')) for name in inside.split(",") if name.strip()
    )


def _keyword(match: re.Match[str]) -> str:
    """The keyword that a word is most like; the word itself where it is like none."""
    keywords = [re.sub(r"\W+$", "", keyword) for keyword in filter_expressions.KEYWORDS]
    word = match[0]
    if word in keywords:
        return word
    by_lower = {keyword.lower(): keyword for keyword in keywords}
    close = get_close_matches(word.lower(), list(by_lower), 1, 0.75)
    return by_lower[close[0]] if close else word


def _closed(expression: str) -> Iterator[str]:
    """The expression with what was left open closed."""
    text = expression + '"' * (expression.count('"') % 2)
    for opening, closing in ("()", "[]", "{}"):
        text += closing * max(0, text.count(opening) - text.count(closing))
    yield text
