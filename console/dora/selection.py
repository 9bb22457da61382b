"""What the address of the DORA page selects: a window, one service or all, and a number of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from console.shared.errors import BadInput
from dora.errors import InputError
from dora.metrics import ALL_SERVICES
from dora.scorecards import CAUGHT, KEYS, NOBODY_KNOWS, OTHER_INCIDENTS
from dora.windows import Window, window

CHOICES = ("6h", "24h", "7d", "30d", "90d")
PERIODS = ("week", "month")
# the default window is the first that is longer than the whole history, else LONGEST_DEFAULT
DEFAULTS = {"6h": 21600.0, "24h": 86400.0, "7d": 7 * 86400.0}
LONGEST_DEFAULT = "30d"
LONGEST_S = 100 * 86400.0
NUMBERS = (*KEYS, CAUGHT, NOBODY_KNOWS, OTHER_INCIDENTS)


@dataclass(frozen=True, slots=True)
class Selection:
    """A window and its words, one service or all (""), a number of it, and periods beside each other."""

    words: str
    until: str
    window: Window
    service: str
    figure: str
    by: str


def selection(
    arguments: Mapping[str, str], services: Iterable[str], began_s: float | None, now_s: float
) -> Selection:
    """Read `window`, `until`, `service`, `figure` and `by`; raises BadInput.

    `services` are those of the history, `began_s` is its first deployment, epoch seconds.
    """
    names, until = list(services), arguments.get("until", "")
    words = arguments.get("window", "") or default_window(began_s, now_s)
    service, figure, by = (arguments.get(name, "") for name in ("service", "figure", "by"))
    try:
        span = window(words, until, now_s)
    except InputError as error:
        detail = str(error).replace("--since", "window").replace("--until", "until")
        raise BadInput(detail) from None
    if span.end - span.start > LONGEST_S:
        raise BadInput(f"window={words!r}: expected at most 100 days; python -m dora takes any length")
    if service and service not in (*names, ALL_SERVICES):
        raise BadInput(f"service={service!r}: there are deployments of {', '.join(names) or 'none'}")
    if figure and (figure not in NUMBERS or not service):
        raise BadInput(f"figure={figure!r}: expected one of {', '.join(NUMBERS)}, and a service")
    if by and by not in PERIODS:
        raise BadInput(f"by={by!r}: expected one of {', '.join(PERIODS)}")
    return Selection(words, until, span, service, figure, by)


def default_window(began_s: float | None, now_s: float) -> str:
    """Return the shortest window that holds the whole history, at most 30 days.

    A history of one hour, spread over 30 days, would say nothing.
    """
    age_s = 0.0 if began_s is None else now_s - began_s
    return next((words for words, length_s in DEFAULTS.items() if age_s < length_s), LONGEST_DEFAULT)
