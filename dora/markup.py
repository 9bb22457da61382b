"""HTML and SVG elements in which every text is escaped."""

from html import escape


class Markup(str):
    """Text that is markup already, as `element` and `join` return it."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: object) -> Markup:
    """An element. `class_` becomes class, an underscore a hyphen; an attribute that is None is left out."""
    attribute_text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{attribute_text}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """The children in their order; those that are no markup are escaped."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))
