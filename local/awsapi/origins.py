"""Who may ask: any page in the user's browser can reach 127.0.0.1, command lines and SDKs send no Origin."""

import re

HOME = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")


def is_foreign(origin: str | None) -> bool:
    """Whether the `Origin` header of a request names a page that is not of this machine."""
    return bool(origin) and not HOME.fullmatch(str(origin))
