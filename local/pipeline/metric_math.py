"""CloudWatch's metric math, as much of it as deployment alarms use: one value or None for each period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lark import Lark, Transformer, Tree
from lark.exceptions import LarkError

Value = float | None

GRAMMAR = r"""
?start: either
?either: both | either "OR" both -> or_ | either "||" both -> or_
?both: compared | both "AND" compared -> and_ | both "&&" compared -> and_
?compared: sum | sum COMPARISON sum -> compare
?sum: product | sum "+" product -> add | sum "-" product -> subtract
?product: power | product "*" power -> multiply | product "/" power -> divide
?power: signed | signed "^" power -> raise_
?signed: atom | "-" signed -> negate
?atom: NUMBER -> number | NAME "(" [either ("," either)*] ")" -> call | NAME -> metric | "(" either ")"
COMPARISON: ">=" | "<=" | "==" | "!=" | ">" | "<"
NAME: /(?!(AND|OR)\b)[A-Za-z_]\w*/
%import common.NUMBER
%import common.WS
%ignore WS
"""

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


class MathError(Exception):
    """An expression that is wrong, or beyond what is understood here; names the expression."""


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """The expression's value in one period, its metrics' values given by their ids. Raises MathError."""
    try:
        result: Value = _Evaluator(values).transform(_parsed(expression))
    except LarkError as error:
        cause = error.__context__ if isinstance(error.__context__, MathError) else error
        raise MathError(f"{expression!r}: {str(cause).splitlines()[0]}") from None
    return result


@cache
def _parsed(expression: str) -> Tree[Any]:
    return Lark(GRAMMAR, parser="lalr").parse(expression)


def _known(function: Callable[..., Value]) -> Callable[..., Value]:
    """No value comes of a missing one."""
    return lambda *values: None if None in values else function(*values)


FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "IF": (3, lambda when, then, otherwise: None if when is None else then if when else otherwise),
    "FILL": (2, lambda value, filler: filler if value is None else value),
    "MIN": (2, _known(min)),
    "MAX": (2, _known(max)),
    "ABS": (1, _known(abs)),
}


class _Evaluator(Transformer[Any, Value]):
    """Values go up the tree."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__()
        self._values = values

    def number(self, children: list[Any]) -> Value:
        return float(children[0])

    def metric(self, children: list[Any]) -> Value:
        if children[0] not in self._values:
            raise MathError(f"no metric has the id {children[0]}")
        return self._values[children[0]]

    def call(self, children: list[Any]) -> Value:
        name, *given = children
        if name not in FUNCTIONS:
            raise MathError(f"{name} is not understood here; {', '.join(FUNCTIONS)} are")
        wanted, function = FUNCTIONS[name]
        if len(given) != wanted:
            raise MathError(f"{name} takes {wanted} values, found {len(given)}")
        return function(*given)

    def compare(self, children: list[Any]) -> Value:
        left, sign, right = children
        return _known(lambda a, b: float(COMPARE[sign](a, b)))(left, right)

    def add(self, children: list[Any]) -> Value:
        return _known(lambda a, b: a + b)(*children)

    def subtract(self, children: list[Any]) -> Value:
        return _known(lambda a, b: a - b)(*children)

    def multiply(self, children: list[Any]) -> Value:
        return _known(lambda a, b: a * b)(*children)

    def divide(self, children: list[Any]) -> Value:
        return _known(lambda a, b: a / b if b else None)(*children)

    def raise_(self, children: list[Any]) -> Value:
        return _known(lambda a, b: a**b)(*children)

    def negate(self, children: list[Any]) -> Value:
        return _known(lambda a: -a)(*children)

    def or_(self, children: list[Any]) -> Value:
        return _known(lambda a, b: float(bool(a or b)))(*children)

    def and_(self, children: list[Any]) -> Value:
        return _known(lambda a, b: float(bool(a and b)))(*children)
