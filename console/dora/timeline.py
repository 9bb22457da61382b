"""The timeline of a service: its deployments by class and its outages, as places in a DORA window."""

from dataclasses import dataclass

from console.shared import axis
from dora.classification import ClassifiedDeployment
from dora.metrics import ServiceMetrics
from dora.times import DAY_S, utc
from dora.windows import Window

MOST_MARKS = 300
LANES = ("ok", "failed", "blocked")
LEAST_WIDTH = 0.3  # of an outage, in percent, so that a short one shows


@dataclass(frozen=True, slots=True)
class Mark:
    """A deployment and its place in the window, in percent."""

    percent: float
    classified: ClassifiedDeployment


@dataclass(frozen=True, slots=True)
class Bar:
    """An outage: left and width in percent of the window, and its words."""

    left: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest deployments by class, and the outages; `left_out` counts older deployments."""

    lanes: dict[str, list[Mark]]
    outages: list[Bar]
    left_out: int


def timeline(measured: ServiceMetrics) -> Timeline:
    """Place the newest deployments of the window, and every outage that reaches into it."""
    window = measured.window
    deployments = sorted((*measured.counted, *measured.blocked), key=lambda classified: classified.at)
    lanes: dict[str, list[Mark]] = {name: [] for name in LANES}
    for classified in deployments[-MOST_MARKS:]:
        percent, _ = axis.place(window.start, window.end, classified.at, classified.at)
        lanes[classified.kind].append(Mark(percent, classified))
    earlier = (outage for outage in measured.open_outages if outage.began_at < window.start)
    bars = []
    for outage in (*measured.outages, *earlier):
        ended_at = outage.recovery.at if outage.recovery else window.end
        began_at = max(outage.began_at, window.start)
        left, width = axis.place(window.start, window.end, began_at, ended_at)
        end = f"to {utc(outage.recovery.at)}" if outage.recovery else "not over"
        words = f"outage of {', '.join(outage.deployments)} from {utc(outage.began_at)}, {end}"
        bars.append(Bar(left, max(LEAST_WIDTH, width), words))
    return Timeline(lanes, bars, max(0, len(deployments) - MOST_MARKS))


def end_label(at: float, window: Window) -> str:
    """Return the label of an end of the axis: its day, or its minute in a window of two days at most."""
    return utc(at)[:10] if window.end - window.start > 2 * DAY_S else f"{utc(at)[5:16].replace('T', ' ')} UTC"
