"""The syntax tree of a filter expression. The parser makes it; matching and index conditions read it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean keyword, e.g. `fault` or `partial = false`."""

    name: str
    expected: bool = True


@dataclass(frozen=True, slots=True)
class Compare:
    """A keyword compared with a value. Without an operator: the keyword must have a value."""

    name: str
    operator: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """`annotation.key`, compared as in Compare; `side` is source or destination inside an edge, else ""."""

    key: str
    operator: str = ""
    value: Any = None
    side: str = ""


@dataclass(frozen=True, slots=True)
class NodePattern:
    """Describes nodes of the service map, e.g. `id(name: "orders")`. None matches anything."""

    name: str | None = None
    type: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex keyword: `service(…)`, `edge(…, …)` or a root cause, and the condition in its braces."""

    name: str
    nodes: tuple[NodePattern, ...] = ()
    condition: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Not:
    """`!` or `NOT`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold; true without operands."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one operand holds."""

    operands: tuple["Expression", ...]


Expression = Flag | Compare | Annotation | Complex | Not | And | Or
EVERYTHING = And(())  # matches every trace: the expression of the group Default
