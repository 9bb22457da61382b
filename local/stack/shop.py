"""Does the shop answer? Asked as a customer would: ready, and with lanterns on the shelf."""

import json
import time
import urllib.error
import urllib.request

from local.stack.errors import NotUp

POLL_S = 0.1
DEADLINE_S = 30.0
# The shop is on this machine; a proxy of the user's has no part in it
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until_open(address: str) -> None:
    """Return when the storefront at `address` is ready and offers products; raises NotUp."""
    deadline = time.monotonic() + DEADLINE_S
    while why := closed_because(address):
        if time.monotonic() > deadline:
            raise NotUp(f"The shop at {address} is not open after {DEADLINE_S:.0f} s: {why}")
        time.sleep(POLL_S)


def closed_because(address: str) -> str:
    """What keeps the shop closed; empty when it is open."""
    try:
        with OPENER.open(f"{address}/readyz", timeout=5):
            pass
        with OPENER.open(f"{address}/api/products", timeout=5) as answer:
            return "" if json.load(answer)["products"] else "there are no products"
    except urllib.error.HTTPError as error:
        return f"{error.url} answers {error.code}: {error.read(500).decode(errors='replace')}"
    except (OSError, ValueError, KeyError) as error:
        return f"{address}: {error}"
