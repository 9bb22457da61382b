"""X-Ray's filter expressions, read into a tree.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import functools
import json
from pathlib import Path
from typing import Any

import lark

from local.awsapi.errors import InvalidRequestException
from local.xray.expressions import And, Annotation, Compare, Complex, Expression, Flag, Not, Or, Who

LONGEST = 2000
DEEPEST = 50

FLAGS = {
    "ok",
    "error",
    "throttle",
    "fault",
    "partial",
    "inferred",
    "first",
    "last",
    "remote",
    "root",
}
NUMBERS = {"responsetime", "duration", "http.status", "index", "coverage"}
STRINGS = {
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
    "user",
    "name",
    "type",
    "message",
    "account.id",
    "availabilityzone",
    "instance.id",
    "resource.arn",
    "group.name",
    "group.arn",
    "rootcause.json",
}
ROOT_CAUSES = {
    f"rootcause.{kind}.{part}"
    for kind in ("fault", "error", "responsetime")
    for part in ("service", "entity", "exception")
}
COMPLEX = {"service": (0, 1), "edge": (2, 2), **dict.fromkeys(ROOT_CAUSES, (0, 1))}  # how many it may name
TEXT_OPERATORS = {"=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"}
ID_PARTS = {"name", "type", "account.id"}


class FilterError(InvalidRequestException):
    """An expression that X-Ray would not take; the message points at the character."""

    code = "InvalidRequestException"


def parse(text: str) -> Expression:
    """The tree of an expression. Raises FilterError, which names the character and what was expected."""
    if len(text) > LONGEST:
        raise FilterError(f"Invalid filter expression: {len(text)} characters, at most {LONGEST} are allowed")
    if _depth(text) > DEEPEST:
        raise FilterError(f"Invalid filter expression: nested deeper than {DEEPEST}")
    try:
        tree = _parser().parse(text)
    except lark.exceptions.UnexpectedInput as error:
        raise _pointing(text, _position(error, text), _expected(error)) from None
    return _Reader(text).read(tree)


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        depth += character in "({!"
        depth -= character in ")}"
        deepest = max(deepest, depth)
    return deepest + text.upper().count("NOT ")


@functools.cache
def _parser() -> lark.Lark:
    grammar = Path(__file__).with_name("filters.lark").read_text()
    return lark.Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _position(error: lark.exceptions.UnexpectedInput, text: str) -> int:
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return len(text)
    position = error.pos_in_stream
    return len(text) if position is None or position < 0 else position


NAMES = {
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
    known = sorted({NAMES[token] for token in tokens or () if token in NAMES})
    return f"expected {' or '.join(known)}" if known else "this does not belong here"


def _pointing(text: str, position: int, expected: str) -> FilterError:
    found = f"found {text[position : position + 20]!r}" if position < len(text) else "found the end"
    where = f"Invalid filter expression at character {position + 1}"
    return FilterError(f"{where}: {expected}, {found}\n{text}\n{' ' * position}^")


class _Reader:
    """Turns the parser's tree into ours, and checks what the grammar leaves open."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, tree: Any) -> Expression:
        match tree.data:
            case "start":
                return self.read(tree.children[0])
            case "or_":
                return Or(tuple(self.read(child) for child in tree.children))
            case "and_":
                return And(tuple(self.read(child) for child in tree.children))
            case "not_":
                return Not(self.read(tree.children[0]))
            case "annotation":
                return self._bracketed(*tree.children)
            case "complex":
                return self._complex(*tree.children)
        return self._condition(*tree.children)

    def _wrong(self, token: Any, expected: str) -> FilterError:
        return _pointing(self._text, token.start_pos or 0, expected)

    def _condition(self, name: Any, operator: Any, value: Any) -> Expression:
        word, given = str(name), self._value(value)
        sign = str(operator).upper() if operator is not None else ""
        lower = word.lower()
        for side in ("", "source", "destination"):
            prefix = f"{side}.annotation." if side else "annotation."
            if lower.startswith(prefix):
                return self._annotated(word[len(prefix) :], sign, given, value, side)
        if lower in FLAGS:
            if sign and (sign not in ("=", "!=") or not isinstance(given, bool)):
                raise self._wrong(operator, f"{lower} may be = true or = false")
            return Flag(lower, (given if sign else True) is (sign != "!="))
        if lower in NUMBERS:
            if sign and (isinstance(given, bool) or not isinstance(given, int | float)):
                raise self._wrong(_token(value), f"{lower} takes a number")
            if sign in TEXT_OPERATORS - {"=", "!="}:
                raise self._wrong(operator, f"{lower} is a number; it takes = != < <= > >=")
            return Compare(lower, sign, given)
        if lower in STRINGS:
            if sign and not isinstance(given, str | tuple):
                raise self._wrong(_token(value), f'{lower} takes a text in "quotes"')
            if sign and sign not in TEXT_OPERATORS:
                raise self._wrong(operator, f"{lower} is a text; it takes {' '.join(sorted(TEXT_OPERATORS))}")
            return Compare(lower, sign, given)
        if lower in COMPLEX and not sign:
            return Complex(lower)
        raise self._wrong(name, f"there is no keyword {word!r}")

    def _bracketed(self, name: Any, key: Any, operator: Any, value: Any) -> Expression:
        side, _, word = str(name).lower().rpartition(".")
        if word != "annotation" or side not in ("", "source", "destination"):
            raise self._wrong(name, "only annotation takes a key in brackets")
        sign = str(operator).upper() if operator is not None else ""
        return self._annotated(str(key).strip(), sign, self._value(value), value, side)

    def _annotated(self, key: str, sign: str, given: Any, value: Any, side: str) -> Expression:
        if sign in TEXT_OPERATORS - {"=", "!="} and not isinstance(given, str):
            raise self._wrong(_token(value), f'{sign} takes a text in "quotes"')
        return Annotation(key, sign, given, side)

    def _complex(self, name: Any, *rest: Any) -> Expression:
        word = str(name).lower()
        if word not in COMPLEX:
            raise self._wrong(name, f"{str(name)!r} takes no parentheses; service, edge and rootcause do")
        block = rest[-1] if rest and getattr(rest[-1], "data", "") == "block" else None
        who = tuple(self._who(one) for one in rest if getattr(one, "data", "") in ("named", "identified"))
        low, high = COMPLEX[word]
        if not low <= len(who) <= high:
            raise self._wrong(
                name, f"{word} takes {high} node{'s' if high > 1 else ' at most'}, not {len(who)}"
            )
        return Complex(word, who, self.read(block.children[0]) if block is not None else None)

    def _who(self, tree: Any) -> Who:
        if tree.data == "named":
            return Who(name=json.loads(str(tree.children[0]), strict=False))
        head, *pairs = tree.children
        if str(head).lower() != "id":
            raise self._wrong(head, "a node is a text or id(name: …, type: …)")
        parts = {}
        for pair in pairs:
            key, text = pair.children
            if str(key).lower() not in ID_PARTS:
                raise self._wrong(key, f"id takes {', '.join(sorted(ID_PARTS))}")
            parts[str(key).lower()] = self._text_of(text)
        return Who(parts.get("name"), parts.get("type"), parts.get("account.id"))

    def _text_of(self, token: Any) -> str:
        try:
            return str(json.loads(str(token), strict=False))
        except json.JSONDecodeError:
            raise self._wrong(token, "a text escapes with \\ as JSON does") from None

    def _value(self, tree: Any) -> Any:
        if tree is None:
            return None
        token = tree.children[0]
        if token.type == "STRING":
            return self._text_of(token)
        if token.type == "NUMBER":
            return float(token) if any(sign in token for sign in ".eE") else int(token)
        if token.type == "JSON":
            return (str(token),)
        if str(token).lower() in ("true", "false"):
            return str(token).lower() == "true"
        raise self._wrong(token, 'a value is a number, true, false or a text in "quotes"')


def _token(value: Any) -> Any:
    return value.children[0]
