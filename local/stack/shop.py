"""Asks the storefront whether the shop is open: ready, and with products to sell."""

import json
import time
import urllib.error
import urllib.request

from local.stack.errors import NotUp

POLL_S = 0.1
DEADLINE_S = 30.0
# without the user's proxy, because the shop is on this machine
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until_open(address: str) -> None:
    """Wait until the storefront at `address` is ready and has products. Raises NotUp."""
    deadline = time.monotonic() + DEADLINE_S
    while reason := closed_because(address):
        if time.monotonic() > deadline:
            raise NotUp(f"The shop at {address} is not open after {DEADLINE_S:.0f} s: {reason}")
        time.sleep(POLL_S)


def closed_because(address: str) -> str:
    """Return why the shop at `address` is not open, "" when it is."""
    try:
        with OPENER.open(f"{address}/readyz", timeout=5):
            pass
        with OPENER.open(f"{address}/api/products", timeout=5) as answer:
            return "" if json.load(answer)["products"] else "there are no products"
    except urllib.error.HTTPError as error:
        return f"{error.url} answers {error.code}: {error.read(500).decode(errors='replace')}"
    except (OSError, ValueError, KeyError) as error:
        return f"{address}: {error}"
