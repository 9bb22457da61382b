"""Shows any text as text: invisible characters, and those that change the page, become visible signs."""

import re
from typing import Any

from markupsafe import Markup

# controls except tab and newline, marks of direction and of zero width, line separators, lone surrogates
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
SHORT = 200


def visible(text: str) -> str:
    """Return `text` with a visible sign in the place of every invisible character."""
    return _HIDDEN.sub(_sign, text) if _HIDDEN.search(text) else text


def short(text: Any, length: int = SHORT) -> str:
    """Return at most `length` characters of `text`, with the full count where it is longer."""
    words = str(text)
    return words if len(words) <= length else f"{words[:length]}… ({len(words):,} characters)"


def finalize(value: Any) -> Any:
    """Make a value visible; Jinja calls this for every value, markup of the templates passes unchanged."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def milliseconds(seconds: float | None) -> str:
    """Return a segment's duration in ms or s; None is "in progress"."""
    if seconds is None:
        return "in progress"
    ms = seconds * 1000
    if ms < 0.05:
        return "0 ms"
    return f"{ms:,.1f} ms" if ms < 100 else f"{ms:,.0f} ms" if ms < 10_000 else f"{seconds:,.1f} s"


def percent(count: float, total: float) -> str:
    """Return a share in percent; one that is not nought is never written as 0 %."""
    share = 100 * count / total if total else 0.0
    if 0 < share < 1:
        return "<1 %" if share < 0.95 else "1 %"
    return f"{share:.0f} %" if share <= 99 or share == 100 else f"{min(share, 99.9):.1f} %"


def duration(seconds: float | None) -> str:
    """Return a duration of seconds to hours in two units at most: "1 min 40 s"; None is ""."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "0 s"
    minutes, remainder = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {remainder} s" if remainder else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _sign(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
