"""CloudWatch's metric math, as much of it as deployment alarms use: one value or None for each period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lark import Lark, Transformer, Tree
from lark.exceptions import LarkError, VisitError

Value = float | None
Series = list[Value]  # of several metrics, in one period

GRAMMAR = r"""
?start: either
?either: both | either "OR" both -> or_ | either "||" both -> or_
?both: compared | both "AND" compared -> and_ | both "&&" compared -> and_
?compared: sum | sum COMPARISON sum -> compare
?sum: product | sum "+" product -> add | sum "-" product -> subtract
?product: signed | product "*" signed -> multiply | product "/" signed -> divide
?signed: power | "-" signed -> negate
?power: atom | atom "^" signed -> raise_
?atom: NUMBER -> number | NAME "(" (given ("," given)*)? ")" -> call | NAME -> metric | "(" either ")"
?given: either | "[" either ("," either)* "]" -> series
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
        result: Value = _Evaluator(values).transform(parsed(expression))
    except VisitError as error:
        raise MathError(f"{expression!r}: {error.orig_exc}") from None
    return result


def ids(expression: str) -> set[str]:
    """The ids that the expression refers to. Raises MathError."""
    return {str(tree.children[0]) for tree in parsed(expression).find_data("metric")}


@cache
def parsed(expression: str) -> Tree[Any]:
    """What the expression says. Raises MathError."""
    try:
        tree = _parser().parse(expression)
    except LarkError as error:
        raise MathError(f"{expression!r}: {str(error).splitlines()[0]}") from None
    return tree if isinstance(tree, Tree) else Tree("start", [tree])


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr")


def _known(function: Callable[..., Value]) -> Callable[..., Value]:
    """No value comes of a missing one."""
    return lambda *values: None if None in values else function(*values)


def _of_those_there(function: Callable[[list[float]], float]) -> Callable[[Any], Value]:
    """Of an array's values in this period, those that are missing left out."""

    def apply(series: Any) -> Value:
        there = [value for value in series if value is not None]
        return function(there) if there else None

    return apply


def _power(base: float, exponent: float) -> Value:
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return value if isinstance(value, float) else None  # a root of a negative number is none


FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "IF": (3, lambda when, then, otherwise: None if when is None else then if when else otherwise),
    "FILL": (2, lambda value, filler: filler if value is None else value),
    "ABS": (1, _known(abs)),
}
# of a single metric these would be one value for the whole graph, which an alarm can't take
OF_ARRAYS: dict[str, Callable[[Any], Value]] = {
    "MIN": _of_those_there(min),
    "MAX": _of_those_there(max),
    "SUM": _of_those_there(sum),
    "AVG": _of_those_there(lambda values: sum(values) / len(values)),
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

    def series(self, children: list[Any]) -> Series:
        return children

    def call(self, children: list[Any]) -> Value:
        name, *given = children
        if name in OF_ARRAYS:
            if len(given) != 1 or not isinstance(given[0], list):
                raise MathError(f"{name} takes an array here, such as {name}([a, b])")
            return OF_ARRAYS[name](given[0])
        if name not in FUNCTIONS:
            raise MathError(f"{name} is not understood here; {', '.join([*FUNCTIONS, *OF_ARRAYS])} are")
        wanted, function = FUNCTIONS[name]
        if len(given) != wanted:
            raise MathError(f"{name} takes {wanted} values, found {len(given)}")
        if any(isinstance(one, list) for one in given):
            raise MathError(f"{name} takes no array here")
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
        return _known(_power)(*children)

    def negate(self, children: list[Any]) -> Value:
        return _known(lambda a: -a)(*children)

    def or_(self, children: list[Any]) -> Value:
        return _known(lambda a, b: float(bool(a or b)))(*children)

    def and_(self, children: list[Any]) -> Value:
        return _known(lambda a, b: float(bool(a and b)))(*children)
