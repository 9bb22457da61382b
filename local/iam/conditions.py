"""The Condition element: operators and condition keys. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Context = Mapping[str, tuple[str, ...]]
VARIABLE = re.compile(r"\$\{([^}]+)\}")
LITERALS = ("*", "?", "$")  # ${*} is an asterisk that stands for itself
AS_ITSELF = "\0"  # before a character of a pattern that came from a variable: it is no wildcard


class UnjudgedPolicy(Exception):
    """A policy has something that can't be judged here; the message names it, `key` when it is a key."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def condition_holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every operator holds for every key. Raises UnjudgedPolicy."""
    return all(
        _holds(operator, key, expected if isinstance(expected, list) else [expected], context)
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


def fill_in(text: str, context: Context) -> str:
    """Replace policy variables such as ${aws:SourceAccount}, in a text for `glob`. Raises UnjudgedPolicy."""

    def value(match: re.Match[str]) -> str:
        values = (match[1],) if match[1] in LITERALS else _values(match[1], context)
        if len(values) != 1:
            raise UnjudgedPolicy(f"the policy variable {match[0]} has no single value in this request")
        return re.sub(r"([*?])", rf"{AS_ITSELF}\1", values[0])

    return VARIABLE.sub(value, text) if "${" in text else text


@lru_cache(maxsize=4096)
def glob(text: str) -> re.Pattern[str]:
    """A pattern in which `*` is any number of characters and `?` one, unless a variable brought them."""
    wildcards = {"*": ".*", "?": "."}
    parts = re.findall(rf"{AS_ITSELF}.|.", text, re.DOTALL)
    return re.compile("".join(wildcards.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)


def _values(key: str, context: Context) -> tuple[str, ...]:
    try:
        return context[key.lower()]
    except KeyError:
        message = f"the condition key {key} can't be told here, so its policy can't be judged"
        raise UnjudgedPolicy(message, key) from None


def _holds(operator: str, key: str, expected: list[Any], context: Context) -> bool:
    values = _values(key, context)
    texts = [fill_in(_text(entry), context) for entry in expected]
    quantifier, _, name = operator.rpartition(":")
    is_optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return (not values) == (texts[0] == "true")
    if name not in OPERATORS:
        raise UnjudgedPolicy(f"the condition operator {operator} can't be judged here")
    if not values and (is_optional or quantifier == "ForAllValues"):
        return True
    compare, is_negated = OPERATORS[name]
    if compare not in (_like, _arn_like):
        texts = [text.replace(AS_ITSELF, "") for text in texts]
    if not values:
        return is_negated and not quantifier
    if not quantifier and len(values) > 1:
        raise UnjudgedPolicy(f"the condition key {key} has several values here, and {operator} takes one")
    verdicts = [any(compare(value, text) for text in texts) != is_negated for value in values]
    return any(verdicts) if quantifier == "ForAnyValue" else all(verdicts)


def _text(entry: Any) -> str:
    return str(entry).lower() if isinstance(entry, bool) else str(entry)


def _like(value: str, text: str) -> bool:
    return bool(glob(text).fullmatch(value))


def _arn_like(value: str, text: str) -> bool:
    """Each of an ARN's six fields by itself."""
    fields, patterns = value.split(":", 5), text.split(":", 5)
    return len(fields) == len(patterns) and all(map(_like, fields, patterns))


Compare = Callable[[str, str], bool]
OPERATORS: dict[str, tuple[Compare, bool]] = {  # and whether it holds when the comparison fails
    "StringEquals": (str.__eq__, False),
    "StringNotEquals": (str.__eq__, True),
    "StringEqualsIgnoreCase": (lambda value, text: value.lower() == text.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda value, text: value.lower() == text.lower(), True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (lambda value, text: value.lower() == text.lower(), False),
    "NumericEquals": (lambda value, text: float(value) == float(text), False),
    "NumericNotEquals": (lambda value, text: float(value) == float(text), True),
    "NumericLessThan": (lambda value, text: float(value) < float(text), False),
    "NumericLessThanEquals": (lambda value, text: float(value) <= float(text), False),
    "NumericGreaterThan": (lambda value, text: float(value) > float(text), False),
    "NumericGreaterThanEquals": (lambda value, text: float(value) >= float(text), False),
}
