"""Shows any text as text: what is invisible, or changes the page around it, becomes a visible sign."""

import re
from typing import Any

from markupsafe import Markup

# Controls but tab and newline, marks of direction and of zero width, line separators, halves of pairs
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
SHORT, LONG = 200, 20_000


def visible(text: str) -> str:
    """`text` with every character that has no sign of its own replaced by one."""
    return _HIDDEN.sub(_sign, text) if _HIDDEN.search(text) else text


def short(text: Any, length: int = SHORT) -> str:
    """At most `length` characters, and how many there were when that is not all."""
    words = str(text)
    return words if len(words) <= length else f"{words[:length]}… ({len(words):,} characters)"


def finalize(value: Any) -> Any:
    """Jinja's last look at a value: only what a template itself wrote passes as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def milliseconds(seconds: float | None) -> str:
    """A duration as people read it; a segment that is not over has none."""
    if seconds is None:
        return "in progress"
    ms = seconds * 1000
    if ms < 0.05:
        return "0 ms"
    return f"{ms:,.1f} ms" if ms < 100 else f"{ms:,.0f} ms" if ms < 10_000 else f"{seconds:,.1f} s"


def duration(seconds: float | None) -> str:
    """How long something of seconds to hours took, in two units at most; "" while nobody knows."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "0 s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _sign(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
