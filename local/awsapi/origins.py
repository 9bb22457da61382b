"""Who may ask: any page in the user's browser can reach 127.0.0.1, command lines and SDKs send no Origin.

A page can also give its own name the address 127.0.0.1 (DNS rebinding); then the Host that it asks for is
that name.
"""

import ipaddress
import re

HOME = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
OWN_NAMES = ("localhost", "host.docker.internal")


def is_foreign(origin: str | None) -> bool:
    """Whether the `Origin` header of a request names a page that is not of this machine."""
    return bool(origin) and not HOME.fullmatch(str(origin))


def is_foreign_host(host: str | None) -> bool:
    """Whether the `Host` header is a name that somebody on the internet could own.

    Addresses are not names, and names without a dot (`xray`, as in a compose network) belong to nobody.
    """
    name = re.sub(r":\d+$", "", host or "").strip("[]").lower()
    if not name or "." not in name or name in OWN_NAMES or name.endswith(".localhost"):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False
