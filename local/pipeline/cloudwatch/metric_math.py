"""CloudWatch's metric math, as far as alarms use it: an expression has one value, or None, in each period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lark import Lark, Transformer, Tree
from lark.exceptions import LarkError, VisitError

from local.pipeline.architecture import ArchitectureError

Value = float | None
Series = list[Value]  # an array of several metrics' values in one period

GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction | disjunction OR conjunction -> binary
?conjunction: comparison | conjunction AND comparison -> binary
?comparison: sum | sum COMPARISON sum -> binary
?sum: product | sum SUM_SIGN product -> binary
?product: signed | product PRODUCT_SIGN signed -> binary
?signed: power | "-" signed -> negate
?power: atom | atom POWER signed -> binary
?atom: NUMBER -> number | call | NAME -> metric | "(" disjunction ")"
call: NAME "(" (argument ("," argument)*)? ")"
?argument: disjunction | "[" disjunction ("," disjunction)* "]" -> series
OR: "OR" | "||"
AND: "AND" | "&&"
COMPARISON: ">=" | "<=" | "==" | "!=" | ">" | "<"
SUM_SIGN: "+" | "-"
PRODUCT_SIGN: "*" | "/"
POWER: "^"
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


class MathError(ArchitectureError):
    """An expression is wrong or uses what is not supported here; the message quotes it."""


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """Return an expression's value in one period, from the metrics' values by their ids. Raises MathError."""
    try:
        result: Value = _Evaluator(values).transform(parse(expression))
    except VisitError as error:
        raise MathError(f"{expression!r}: {error.orig_exc}") from None
    return result


def metric_ids(expression: str) -> set[str]:
    """Return the ids of the metrics that an expression refers to. Raises MathError."""
    return {str(tree.children[0]) for tree in parse(expression).find_data("metric")}


@cache
def parse(expression: str) -> Tree[Any]:
    """Return the syntax tree of an expression. Raises MathError."""
    try:
        tree = _parser().parse(expression)
    except LarkError as error:
        raise MathError(f"{expression!r}: {str(error).splitlines()[0]}") from None
    return tree if isinstance(tree, Tree) else Tree("start", [tree])


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr")


def _of_values(function: Callable[[list[float]], float]) -> Callable[[Any], Value]:
    """A function of an array that leaves missing values out."""

    def apply(series: Series) -> Value:
        values = [value for value in series if value is not None]
        return function(values) if values else None

    return apply


def _power(base: float, exponent: float) -> Value:
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return value if isinstance(value, float) else None  # the root of a negative number is not real


BINARY: dict[str, Callable[[float, float], Value | bool]] = COMPARE | {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "^": _power,
    **dict.fromkeys(("OR", "||"), lambda a, b: bool(a or b)),
    **dict.fromkeys(("AND", "&&"), lambda a, b: bool(a and b)),
}
FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {  # name → number of arguments, function
    "IF": (3, lambda when, then, otherwise: None if when is None else then if when else otherwise),
    "FILL": (2, lambda value, filler: filler if value is None else value),
    "ABS": (1, lambda value: None if value is None else abs(value)),
}
# With a single metric these give one value for the whole graph, which an alarm can't take
ARRAY_FUNCTIONS: dict[str, Callable[[Any], Value]] = {
    "MIN": _of_values(min),
    "MAX": _of_values(max),
    "SUM": _of_values(sum),
    "AVG": _of_values(lambda values: sum(values) / len(values)),
}


class _Evaluator(Transformer[Any, Value]):
    """Computes the tree from its leaves; each method is named after a rule of the grammar."""

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
        name, *arguments = children
        if name in ARRAY_FUNCTIONS:
            if len(arguments) != 1 or not isinstance(arguments[0], list):
                raise MathError(f"{name} takes an array here, such as {name}([a, b])")
            return ARRAY_FUNCTIONS[name](arguments[0])
        if name not in FUNCTIONS:
            known = ", ".join([*FUNCTIONS, *ARRAY_FUNCTIONS])
            raise MathError(f"{name} is not understood here; {known} are")
        count, function = FUNCTIONS[name]
        if len(arguments) != count:
            raise MathError(f"{name} takes {count} values, found {len(arguments)}")
        if any(isinstance(argument, list) for argument in arguments):
            raise MathError(f"{name} takes no array here")
        return function(*arguments)

    def binary(self, children: list[Any]) -> Value:
        left, sign, right = children
        value = None if None in (left, right) else BINARY[sign](left, right)
        return float(value) if isinstance(value, bool) else value

    def negate(self, children: list[Any]) -> Value:
        return None if children[0] is None else -children[0]
