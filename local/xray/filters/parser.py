"""Parses filter expressions into the tree of local.xray.filters.expressions.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import functools
import json
import re
from pathlib import Path
from typing import Any

import lark

from local.awsapi.errors import InvalidRequestException
from local.xray.filters.expressions import (
    And,
    Annotation,
    Compare,
    Complex,
    Expression,
    Flag,
    NodePattern,
    Not,
    Or,
)

MAX_LENGTH = 2000
MAX_DEPTH = 50

FLAGS = {"ok", "error", "throttle", "fault", "partial", "inferred", "first", "last", "remote", "root"}
NUMBERS = {"responsetime", "duration", "http.status", "index", "coverage"}
STRINGS = {
    *("http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type", "message"),
    *("availabilityzone", "instance.id", "resource.arn", "account.id"),
    *("group.name", "group.arn", "rootcause.json"),
}
ROOT_CAUSES = {
    f"rootcause.{kind}.{part}"
    for kind in ("fault", "error", "responsetime")
    for part in ("service", "entity", "exception")
} - {"rootcause.responsetime.exception"}
# the fewest and the most nodes that a complex keyword may name
COMPLEX = {"service": (0, 1), "edge": (2, 2), **dict.fromkeys(ROOT_CAUSES, (0, 1))}
TEXT_OPERATORS = {"=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"}
ID_PARTS = {"name", "type", "account.id"}


class FilterError(InvalidRequestException):
    """An invalid expression; the message shows it with an arrow under the character where it is wrong."""

    code = "InvalidRequestException"


def parse(text: str) -> Expression:
    """The syntax tree of an expression. Raises FilterError."""
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"Invalid filter expression: {len(text)} characters, at most {MAX_LENGTH} are allowed"
        )
    if _depth(text) > MAX_DEPTH:
        raise FilterError(f"Invalid filter expression: nested deeper than {MAX_DEPTH}")
    try:
        tree = _parser().parse(text)
    except lark.exceptions.UnexpectedInput as error:
        raise _error_at(text, _position(error, text), _expected(error)) from None
    return _TreeBuilder(text).build(tree)


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        depth += character in "([{!"
        depth -= character in ")]}"
        deepest = max(deepest, depth)
    return deepest + text.upper().count("NOT ")


@functools.cache
def _parser() -> lark.Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text()
    return lark.Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _position(error: lark.exceptions.UnexpectedInput, text: str) -> int:
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return len(text)
    position = error.pos_in_stream
    return len(text) if position is None or position < 0 else position


TOKEN_NAMES = {
    "NAME": "a keyword",
    "STRING": 'a text in "quotes"',
    "NUMBER": "a number",
    "OPERATOR": "an operator",
    "LPAR": "(",
    "RPAR": ")",
    "LBRACE": "{",
    "RBRACE": "}",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "COLON": ":",
    "BANG": "!",
    "KEY": "a key",
    "JSON": "#[…]",
}


def _expected(error: lark.exceptions.UnexpectedInput) -> str:
    tokens = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None)
    )
    known = sorted({TOKEN_NAMES[token] for token in tokens or () if token in TOKEN_NAMES})
    return f"expected {' or '.join(known)}" if known else "this does not belong here"


def _error_at(text: str, position: int, expected: str) -> FilterError:
    actual = repr(text[position : position + 20]) if position < len(text) else "the end"
    place = f"Invalid filter expression at character {position + 1}"
    return FilterError(f"{place}: {expected}, found {actual}\n{text}\n{' ' * position}^")


class _TreeBuilder:
    """Builds the syntax tree from Lark's parse tree and checks names and types of values."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._inside = ""  # the complex keyword in whose braces the builder is

    def build(self, tree: Any) -> Expression:
        match tree.data:
            case "start":
                return self.build(tree.children[0])
            case "or_":
                return Or(tuple(self.build(child) for child in tree.children))
            case "and_":
                return And(tuple(self.build(child) for child in tree.children))
            case "not_":
                return Not(self.build(tree.children[0]))
            case "annotation":
                return self._bracketed(*tree.children)
            case "complex":
                return self._complex(*tree.children)
        return self._condition(*tree.children)

    def _error(self, token: Any, expected: str) -> FilterError:
        return _error_at(self._text, token.start_pos or 0, expected)

    def _condition(self, name: Any, operator: Any, value: Any) -> Expression:
        keyword, constant = str(name), self._value(value)
        sign = str(operator).upper() if operator is not None else ""
        lower = keyword.lower()
        for side in ("", "source", "destination"):
            prefix = f"{side}.annotation." if side else "annotation."
            if lower.startswith(prefix):
                if "." in keyword[len(prefix) :]:
                    raise self._error(name, "a key with dots takes brackets: annotation[a.b]")
                return self._annotated(keyword[len(prefix) :], sign, constant, value, side)
        if isinstance(constant, list) and lower != "rootcause.json":
            raise self._error(_token(value), "only rootcause.json takes JSON")
        if lower in FLAGS:
            constant = {"true": True, "false": False}.get(constant, constant)
            if sign and (sign not in ("=", "!=") or not isinstance(constant, bool)):
                raise self._error(operator, f"{lower} may be = true or = false")
            return Flag(lower, (constant if sign else True) is (sign != "!="))
        if lower == "coverage" and self._inside not in ("", "rootcause.responsetime.entity"):
            raise self._error(name, "coverage is known of rootcause.responsetime.entity only")
        if lower in NUMBERS:
            if sign and (isinstance(constant, bool) or not isinstance(constant, int | float)):
                raise self._error(_token(value), f"{lower} takes a number")
            if sign in TEXT_OPERATORS - {"=", "!="}:
                raise self._error(operator, f"{lower} is a number; it takes = != < <= > >=")
            return Compare(lower, sign, constant)
        if lower in STRINGS:
            if sign and isinstance(constant, list) != (lower == "rootcause.json"):
                raise self._error(_token(value), "rootcause.json takes JSON: #[…]")
            if sign and not isinstance(constant, str | list):
                raise self._error(_token(value), f'{lower} takes a text in "quotes"')
            if sign and sign not in TEXT_OPERATORS:
                raise self._error(operator, f"{lower} is a text; it takes {' '.join(sorted(TEXT_OPERATORS))}")
            return Compare(lower, sign, constant)
        if lower in COMPLEX and not sign and not self._inside:
            return Complex(lower)
        raise self._error(name, f"there is no keyword {keyword!r}")

    def _bracketed(self, name: Any, key: Any, operator: Any, value: Any) -> Expression:
        side, _, keyword = str(name).lower().rpartition(".")
        if keyword != "annotation" or side not in ("", "source", "destination"):
            raise self._error(name, "only annotation takes a key in brackets")
        sign = str(operator).upper() if operator is not None else ""
        return self._annotated(str(key).strip(), sign, self._value(value), value, side)

    def _annotated(self, key: str, sign: str, constant: Any, value: Any, side: str) -> Expression:
        if isinstance(constant, list):
            raise self._error(_token(value), "only rootcause.json takes JSON")
        if sign in TEXT_OPERATORS - {"=", "!="} and not isinstance(constant, str):
            raise self._error(_token(value), f'{sign} takes a text in "quotes"')
        return Annotation(key, sign, constant, side)

    def _complex(self, name: Any, *arguments: Any) -> Expression:
        keyword = str(name).lower()
        if keyword not in COMPLEX:
            raise self._error(name, f"{str(name)!r} takes no parentheses; service, edge and rootcause do")
        if self._inside:
            raise self._error(name, f"{keyword} can't be inside of {self._inside}")
        kinds = [getattr(argument, "data", "") for argument in arguments]
        nodes = tuple(
            self._node(argument)
            for argument, kind in zip(arguments, kinds, strict=True)
            if kind in ("named", "identified")
        )
        low, high = COMPLEX[keyword]
        if not low <= len(nodes) <= high:
            plural = "s" if high > 1 else " at most"
            raise self._error(name, f"{keyword} takes {high} node{plural}, not {len(nodes)}")
        if kinds[-1:] != ["block"]:
            return Complex(keyword, nodes)
        self._inside = keyword
        condition = self.build(arguments[-1].children[0])
        self._inside = ""
        return Complex(keyword, nodes, condition)

    def _node(self, tree: Any) -> NodePattern:
        if tree.data == "named":
            return NodePattern(name=self._text_of(tree.children[0]))
        head, *pairs = tree.children
        if str(head).lower() != "id":
            raise self._error(head, "a node is a text or id(name: …, type: …)")
        parts = {}
        for pair in pairs:
            key, text = pair.children
            if str(key).lower() not in ID_PARTS:
                raise self._error(key, f"id takes {', '.join(sorted(ID_PARTS))}")
            if str(key).lower() in parts:
                raise self._error(key, f"id takes {str(key).lower()} once")
            parts[str(key).lower()] = self._text_of(text)
        return NodePattern(parts.get("name"), parts.get("type"), parts.get("account.id"))

    def _text_of(self, token: Any) -> str:
        try:
            return str(json.loads(str(token), strict=False))
        except json.JSONDecodeError:
            raise self._error(token, "a text escapes with \\ as JSON does") from None

    def _json_of(self, token: Any) -> Any:
        try:
            return json.loads(str(token)[1:])
        except json.JSONDecodeError as error:
            raise self._error(token, f"the JSON is invalid: {error}") from None

    def _value(self, tree: Any) -> Any:
        if tree is None:
            return None
        token = tree.children[0]
        if token.type == "STRING":
            return self._text_of(token)
        if token.type == "NUMBER":
            return int(token) if re.fullmatch(r"-?\d{1,18}", token) else float(token)
        if token.type == "JSON":
            return self._json_of(token)
        if str(token).lower() in ("true", "false"):
            return str(token).lower() == "true"
        raise self._error(token, 'a value is a number, true, false or a text in "quotes"')


def _token(value: Any) -> Any:
    return value.children[0]
