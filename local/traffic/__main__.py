"""`python -m local.traffic`: shoppers for SECONDS at RATE requests a second, with progress and a table.

Exit codes: 0 every answer was as expected, 1 some were not, 2 nothing was begun.
"""

import signal
import sys
import time
import urllib.error
import urllib.request

import gevent
from gevent.event import Event
from locust.env import Environment

from local.traffic.pace import Pace
from local.traffic.report import progress, table
from local.traffic.settings import Settings
from local.traffic.shoppers import Buyer, Shopper
from settings import SettingsError, load

PROGRESS_S = 5.0
USERS_A_REQUEST = 4  # shoppers at once, so that answers of this many seconds do not lower the rate
MAX_USERS = 400


def main() -> int:
    """Run, and say how it went."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if why := closed_because(settings.target):
        print(f"No shop answers at {settings.target}: {why}. Start it with: make up", file=sys.stderr)
        return 2
    return run(settings)


def run(settings: Settings) -> int:
    """Let shoppers in until the time is over or somebody interrupts; what was counted is shown either way."""
    kind = Buyer if settings.kind == "buyers" else Shopper
    environment = Environment(user_classes=[kind], host=settings.target)
    environment.pace = Pace(settings.rate)
    runner = environment.create_local_runner()
    kind.wait_time = lambda _: 0.0  # the pace decides, not the shopper
    users = min(MAX_USERS, max(4, round(settings.rate * USERS_A_REQUEST)))
    print(
        f"Shoppers at {settings.target}: {settings.rate:g} requests a second for {settings.seconds:g} s",
        flush=True,
    )
    began = time.monotonic()
    runner.start(users, spawn_rate=users)
    interrupted = Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job starts with SIGINT ignored
        gevent.signal_handler(number, interrupted.set)
    while (elapsed := time.monotonic() - began) < settings.seconds:
        if interrupted.wait(min(PROGRESS_S, settings.seconds - elapsed)):
            print("\nInterrupted; so far:", file=sys.stderr)
            break
        show(progress(environment.stats, time.monotonic() - began, settings.seconds))
    took = time.monotonic() - began
    runner.quit()
    print("\n" + "\n".join(table(environment.stats, took)), flush=True)
    return 1 if environment.stats.total.num_failures or not environment.stats.total.num_requests else 0


def show(line: str) -> None:
    """Rewrite the line on a terminal, else print it."""
    print(
        f"\r{line}\x1b[K" if sys.stdout.isatty() else line,
        end="" if sys.stdout.isatty() else "\n",
        flush=True,
    )


def closed_because(target: str) -> str:
    """Why the shop can't be visited; "" when it can, broken or not."""
    try:
        with urllib.request.urlopen(f"{target}/healthz", timeout=5) as answer:  # noqa: S310  checked in settings
            return "" if answer.status == 200 else f"it answers {answer.status}"
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}"
    except OSError as error:
        return str(getattr(error, "reason", error))


if __name__ == "__main__":
    sys.exit(main())
