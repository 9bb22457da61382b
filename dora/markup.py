"""HTML and SVG in which every text is escaped, because nothing else can be put in."""

from html import escape


class Markup(str):
    """Text that is markup already; only `element` makes it."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: object) -> Markup:
    """One element. `class_` is class, an underscore a hyphen; None leaves an attribute out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """One after the other; what is no markup is escaped."""
    return Markup("".join(one if isinstance(one, Markup) else escape(one) for one in children))
