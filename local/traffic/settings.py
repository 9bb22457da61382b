"""The load generator's settings: rate, duration and address."""

import re
from dataclasses import dataclass

from settings import choice, env, number

LEAST, MAX_RATE, MAX_SECONDS = 0.001, 200.0, 3600.0


def _own_address(text: str) -> str:
    """Accept an address of this machine or of a container only, so that no other shop gets the load."""
    if not re.fullmatch(r"http://(127\.0\.0\.1|localhost|[a-z][a-z0-9-]*)(:\d{1,5})?", text):
        raise ValueError("expected http://127.0.0.1:<port> or a service of the stack")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a run."""

    rate: float = env(
        "RATE", number(LEAST, MAX_RATE), default=5.0, help="requests a second: make traffic RATE=5"
    )
    seconds: float = env(
        "SECONDS", number(LEAST, MAX_SECONDS), default=60.0, help="length of the run: make traffic SECONDS=60"
    )
    target: str = env("TARGET_URL", _own_address, default="http://127.0.0.1:8080", help="the shop's address")
    kind: str = env("SHOPPERS", choice("visitors", "buyers"), default="visitors", help="what shoppers do")
