"""The settings of a rehearsal, from environment variables or arguments of `make rehearse`."""

from dataclasses import dataclass

from local.pipeline.clock import DEFAULT_SCALE, MOST_SCALE
from local.rehearsal.commits import GOOD, RELEASES
from settings import env, number, switch

MOST_RATE = 100.0


def _release(text: str) -> str:
    if text not in RELEASES:
        raise ValueError(f"expected one of {', '.join(RELEASES)}")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is rehearsed, how fast simulated time passes, and how many requests shoppers send."""

    commit: str = env("COMMIT", str, default="HEAD", help="the commit, by any name that git knows")
    release: str = env("RELEASE", _release, default=GOOD, help="the prepared release on top of the commit")
    scale: float = env(
        "TIME_SCALE",
        number(1, MOST_SCALE),
        default=DEFAULT_SCALE,
        help="how many simulated seconds pass in one real second",
    )
    approval: bool = env(
        "APPROVAL",
        switch("yes", "no"),
        default=False,
        help="whether a person must agree before anything is deployed",
    )
    rate: float = env("RATE", number(0, MOST_RATE), default=20.0, help="requests a second, 0 for none")
