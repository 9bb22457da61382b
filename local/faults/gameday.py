"""`make gameday`: a repeatable sequence of faults under shoppers, and afterwards what was noticed when."""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from local.diagnosis.evidence import collect
from local.diagnosis.fingerprints import diagnose
from local.faults.alarms import Request, Ringing, requests_between, ringing
from local.faults.bearers import Bearers
from local.faults.diagnosing import View
from local.faults.errors import NotThere, Refused
from local.faults.settings import Settings
from local.stack.background import beside
from local.stack.site import Site

SLOT_S = 120.0  # for one fault and the calm after it
LEAST_SLOT_S = 20.0
ON_SHARE = 0.6  # of a slot
LOOK_EVERY_S = 3.0
STOP_S = 15
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(slots=True)
class Round:
    """A fault of the sequence, and when its mark was seen."""

    letter: str
    name: str
    began: float = 0.0
    ended: float = 0.0
    seen_after_s: float | None = None
    alarms: list[Ringing] = field(default_factory=list)


def sequence(names: list[str], seed: int, seconds: float) -> list[Round]:
    """The faults in an order that `seed` decides, as many as fit. Raises Refused."""
    count = min(len(names), max(1, int(seconds // SLOT_S)))
    if seconds / count < LEAST_SLOT_S:
        raise Refused(f"MINUTES={seconds / 60:g}: expected at least {LEAST_SLOT_S / 60:.2g}")
    order = random.Random(seed).sample(sorted(names), count)  # noqa: S311  to be repeatable
    return [Round(LETTERS[n], name) for n, name in enumerate(order)]


def play(site: Site, bearers: Bearers, view: View, settings: Settings, say: Callable[[str], None]) -> None:
    """Send shoppers, switch one fault after the other on, and say what was seen when. Raises Refused."""
    bearers.require_enabled("A game day")
    rounds = sequence(bearers.offers_to_shoppers(), settings.seed, settings.minutes * 60)
    slot_s = settings.minutes * 60 / len(rounds)
    count = f"{len(rounds)} fault{'s' if len(rounds) > 1 else ''}"
    say(f"{count} in {settings.minutes:g} minutes, seed {settings.seed}: make diagnose")
    with _shoppers(site, settings.minutes * 60 + 30):
        try:
            for entry in rounds:
                _play_round(entry, bearers, view, slot_s, say)
        finally:
            bearers.switch_off()
    for entry in rounds:
        entry.alarms = ringing(_requests(view, entry), entry.began, entry.ended)
    for line in report(rounds):
        say(line)


def report(rounds: list[Round]) -> list[str]:
    """What was on when, how long until its mark was seen, and which alarms went off how long after."""
    lines = [f"{'fault':<24} {'from':<8} {'to':<8} {'seen after':<10} alarms"]
    for entry in rounds:
        seen = "not" if entry.seen_after_s is None else f"{entry.seen_after_s:.0f} s"
        rang = ", ".join(f"{alarm.alarm} after {alarm.after_s:.0f} s" for alarm in entry.alarms) or "none"
        times = f"{_clock(entry.began)} {_clock(entry.ended)}"
        lines.append(f"{entry.letter}: {entry.name:<21} {times} {seen:<10} {rang}")
    lines.append("Alarms: those of the templates about services, a minute of theirs in a second.")
    return lines


def _play_round(
    entry: Round, bearers: Bearers, view: View, slot_s: float, say: Callable[[str], None]
) -> None:
    entry.began = time.time()
    calm_at, over_at = entry.began + slot_s * ON_SHARE, entry.began + slot_s
    active = bearers.switch_on(
        bearers.choose(entry.name, ""), {"name": entry.name, "alias": f"fault-{entry.letter}"}, slot_s
    )
    say(f"{_clock(entry.began)} fault {entry.letter} begins")
    while time.time() < calm_at:
        time.sleep(min(LOOK_EVERY_S, max(0.0, calm_at - time.time())))
        if entry.seen_after_s is None and _shows(view, entry):
            entry.seen_after_s = time.time() - entry.began
    bearers.switch_off(active.name)
    entry.ended = time.time()
    say(f"{_clock(entry.ended)} fault {entry.letter} is over")
    time.sleep(max(0.0, over_at - time.time()))


def _requests(view: View, entry: Round) -> list[Request]:
    try:
        return requests_between(view.logs, entry.began, entry.ended)
    except (BotoCoreError, ClientError) as error:
        raise NotThere(f"CloudWatch Logs does not answer, so no alarm can be told: {error}") from error


def _shows(view: View, entry: Round) -> bool:
    return entry.name in diagnose(collect(view.xray, view.logs, entry.began, time.time()))


@contextmanager
def _shoppers(site: Site, seconds: float) -> Iterator[None]:
    """The shoppers of `make traffic`, for so long at most."""
    log = site.home / "logs" / "gameday.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environ = {
        **os.environ,
        "SECONDS": f"{seconds:g}",
        "RATE": os.environ.get("RATE") or "10",
    }
    command = [sys.executable, "-m", "local.stack", "traffic"]
    with log.open("wb") as file, beside(command, site.root, environ, file, STOP_S):
        yield


def _clock(when: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(when))
