"""The tree of a filter expression: plain values that filters makes, and matching and search look at."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flag:
    """A keyword that is true or false, e.g. `fault` or `partial = false`."""

    name: str
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Compare:
    """A keyword and a value; without an operator: that there is one."""

    name: str
    operator: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """`annotation.key`; `side` is source or destination inside an edge."""

    key: str
    operator: str = ""
    value: Any = None
    side: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """A node; what is None may be anything."""

    name: str | None = None
    type: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Complex:
    """`service(…)`, `edge(…, …)` or a root cause, and what must hold there."""

    name: str
    who: tuple[Who, ...] = ()
    inner: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """Every one of them."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    parts: tuple["Expression", ...]


Expression = Flag | Compare | Annotation | Complex | Not | And | Or
