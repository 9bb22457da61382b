"""What `make fault` takes from its variables."""

import re
from dataclasses import dataclass

from settings import env, number, switch, whole

UNITS_S = {"s": 1, "m": 60, "h": 3600}
LONGEST_S = 24 * 3600


def duration(text: str) -> float:
    """Seconds of `90s`, `15m` or `2h`."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", text)
    if not match or int(match[1]) * UNITS_S[match[2]] > LONGEST_S:
        raise ValueError("expected a time such as 90s, 15m or 2h, at most 24h")
    return int(match[1]) * UNITS_S[match[2]]


def _percent(text: str) -> float:
    percent = number(0, 100)(text)
    if not percent:
        raise ValueError("expected more than 0; OFF=1 switches off")
    return percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The variables of `make fault`, `make diagnose` and `make gameday`."""

    name: str = env("NAME", str, default="", help="the fault: make fault NAME=slow-dependency")
    on: str = env("ON", str, default="", help="the service that bears it: ON=orders")
    percent: float = env("PERCENT", _percent, default=0.0, help="how much of it: PERCENT=30")
    lasts_s: float = env("FOR", duration, default=900.0, help="how long: FOR=15m")
    sku: str = env("SKU", str, default="", help="the product of a fault that is about one: SKU=…")
    off: str = env("OFF", str, default="", help="OFF=1 ends every fault, OFF=slow-dependency that one")
    guess: str = env("GUESS", str, default="", help="which fault a mystery is: GUESS=n-plus-one")
    since_s: float = env("SINCE", duration, default=120.0, help="how far to look back: SINCE=2m")
    minutes: float = env(
        "MINUTES", number(0.35, 240), default=20.0, help="how long a game day is: MINUTES=20"
    )
    account: bool = env("ACCOUNT", switch("yes", "no"), default=False, help="yes: look at an AWS account")
    seed: int = env("SEED", whole(0, 999_999_999), default=0, help="which mystery: NAME=mystery SEED=7")
