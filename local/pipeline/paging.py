"""Pages of a list, with a token that says where the next one begins."""

import re
from typing import TypeVar

from local.awsapi.errors import ApiError

T = TypeVar("T")


class InvalidNextTokenException(ApiError):
    """Not one that an earlier answer gave."""


def paged(items: list[T], size: int, token: str | None) -> tuple[list[T], str | None]:
    """A page and the next token. Raises InvalidNextTokenException."""
    if token and not re.fullmatch("[0-9]{1,9}", token):
        raise InvalidNextTokenException(f"nextToken {token!r} is not one of this API")
    begin = int(token or 0)
    end = begin + size
    return items[begin:end], str(end) if end < len(items) else None
