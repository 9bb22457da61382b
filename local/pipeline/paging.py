"""Pages of a list answer, with a `nextToken` that leads to the next page."""

import re
from typing import TypeVar

from local.awsapi.errors import ApiError

T = TypeVar("T")


class InvalidNextTokenException(ApiError):
    """The token does not come from an earlier answer."""


def page_of(entries: list[T], size: int, token: str | None) -> tuple[list[T], str | None]:
    """Return a page and the token of the next one, None after the last. Raises InvalidNextTokenException."""
    if token and not re.fullmatch("[0-9]{1,9}", token):
        raise InvalidNextTokenException(f"nextToken {token!r} does not come from this API")
    begin = int(token or 0)
    end = begin + size
    return entries[begin:end], str(end) if end < len(entries) else None
