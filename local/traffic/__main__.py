"""`python -m local.traffic`: send shoppers for SECONDS at RATE requests a second; print progress and a table.

Exit codes: 0 all answers were as expected, 1 some were not, 2 no request was sent.
"""

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment

from local.traffic.pace import Pace
from local.traffic.report import progress, table
from local.traffic.settings import Settings
from local.traffic.shoppers import Buyer, Shopper
from settings import SettingsError, load

PROGRESS_S = 5.0
USERS_A_REQUEST = 4  # shoppers at once for each request a second: answers may take so many seconds
MAX_USERS = 400


def main() -> int:
    """Read the settings, check that the shop answers, and run."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if reason := closed_because(settings.target):
        print(f"No shop answers at {settings.target}: {reason}. Start it with: make up", file=sys.stderr)
        return 2
    return run(settings)


def run(settings: Settings) -> int:
    """Run shoppers until the time is over or an interrupt, print the table, and return the exit code."""
    shopper_class = Buyer if settings.kind == "buyers" else Shopper
    environment = Environment(user_classes=[shopper_class], host=settings.target)
    environment.pace = Pace(settings.rate)
    runner = environment.create_local_runner()
    shopper_class.wait_time = lambda _: 0.0  # the pace decides instead
    users = min(MAX_USERS, max(4, round(settings.rate * USERS_A_REQUEST)))
    print(
        f"Shoppers at {settings.target}: {settings.rate:g} requests a second for {settings.seconds:g} s",
        flush=True,
    )
    shopper_class.shelf.put(products_of(settings.target), shopper_class.shelf.before_list())
    began = time.monotonic()
    runner.start(users, spawn_rate=users)
    interrupted = Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT as well: a shell's background job ignores it
        gevent.signal_handler(number, interrupted.set)
    while (elapsed := time.monotonic() - began) < settings.seconds:
        if interrupted.wait(min(PROGRESS_S, settings.seconds - elapsed)):
            print("\nInterrupted; so far:", file=sys.stderr)
            break
        show(progress(environment.stats, time.monotonic() - began, settings.seconds))
    took_s = time.monotonic() - began
    runner.quit()
    print("\n" + "\n".join(table(environment.stats, took_s)), flush=True)
    return 1 if environment.stats.total.num_failures or not environment.stats.total.num_requests else 0


def products_of(target: str) -> list[dict[str, Any]]:
    """The products of the shop, from which the first shoppers choose; none while it can not say."""
    try:
        with urllib.request.urlopen(f"{target}/api/products", timeout=5) as answer:  # noqa: S310  as below
            products: list[dict[str, Any]] = json.load(answer)["products"]
            return products
    except (OSError, ValueError, KeyError):
        return []


def show(line: str) -> None:
    """Print a line of progress; on a terminal it replaces the last one."""
    print(
        f"\r{line}\x1b[K" if sys.stdout.isatty() else line,
        end="" if sys.stdout.isatty() else "\n",
        flush=True,
    )


def closed_because(target: str) -> str:
    """Return why no shop answers at `target`, "" when one does, ready or not."""
    try:
        with urllib.request.urlopen(f"{target}/healthz", timeout=5) as answer:  # noqa: S310  checked in settings
            return "" if answer.status == 200 else f"it answers {answer.status}"
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}"
    except OSError as error:
        return str(getattr(error, "reason", error))


if __name__ == "__main__":
    sys.exit(main())
