"""Tells the requests of foreign web pages from those of command lines, SDKs and one's own pages.

Any page in the user's browser can send requests to 127.0.0.1, and can give a name of its own that address
(DNS rebinding). A browser says of each request whose page sent it (Sec-Fetch-Site, Origin, Referer) and under
which name it asks (Host); no page can change these headers. Command lines and SDKs send Host alone.

Everything that listens uses it, so it needs the standard library alone and imports nothing of this
repository. docs/security.md says what each port does with it.
"""

import ipaddress
import re
from typing import Protocol
from urllib.parse import urlsplit

# https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header; none: the user typed the address
OWN_SITES = ("same-origin", "none")
SAFE_METHODS = ("GET", "HEAD")


class Headers(Protocol):
    """The headers of a request, by lower-case names or in any case."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header."""


def is_own_host(host: str) -> bool:
    """Whether a Host header names this machine: an address, localhost, or a name without a dot.

    Nobody on the internet can own such a name. Those without a dot are names of a container network, `xray`.
    """
    name = re.sub(r":\d{1,5}$", "", host).lower()
    if name == "host.docker.internal" or name.endswith(".localhost") or re.fullmatch(r"[\w-]+", name):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def foreign_sender(method: str, headers: Headers, *, is_page: bool = False) -> str:
    """The header that shows that a page of another origin sent the request; "" when none does.

    `is_page` is for pages that people look at: a link from anywhere may lead there, which is a GET by which
    a whole tab goes to that address.
    """
    site, host = headers.get("sec-fetch-site", ""), headers.get("host", "").lower()
    if is_page and method in SAFE_METHODS and (not site or _is_followed_link(headers)):
        return ""
    if site and site not in OWN_SITES:
        return f"Sec-Fetch-Site: {site}"
    for name in ("Origin", "Referer"):
        sender = headers.get(name.lower(), "")
        if sender and urlsplit(sender).netloc.lower() != host:
            return f"{name}: {sender[:100]}"
    return ""


def _is_followed_link(headers: Headers) -> bool:
    return headers.get("sec-fetch-mode", "") == "navigate" and headers.get("sec-fetch-dest", "") == "document"
