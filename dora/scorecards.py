"""What a report shows of each service: its figures with their trends, and what each was computed from.

The page of the console and the file of `--html` fill the same template, `pages/scorecards.html`, with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dora import formatting, pictures
from dora import performance_levels as levels
from dora.classification import BLOCKED, FAILED, OK, RUNNING, UNKNOWN, ClassifiedDeployment
from dora.lead_time_phases import Phase, phases
from dora.metrics import LEAD_TIME, METRICS, RECOVERY, Figure, Report, ServiceMetrics
from dora.records import Commit
from dora.times import duration, utc

PAGES = Path(__file__).with_name("pages")  # the templates and their stylesheets
KEYS = {name.replace(" ", "-"): name for name in METRICS}
CAUGHT, NOBODY_KNOWS, OTHER_INCIDENTS = "caught-before-users", "failed-and-unknown", "other-incidents"
COMMITS, DEPLOYMENTS, OUTAGES, INCIDENTS = "commits", "deployments", "outages", "incidents"  # kinds of rows

# class → look of its status
LOOKS = {OK: "ok", FAILED: "fault", BLOCKED: "error", UNKNOWN: "error", RUNNING: "running"}


@dataclass(frozen=True, slots=True)
class Card:
    """One metric: its figure, its trend, and how it compares with other teams' answers."""

    key: str
    figure: Figure
    trend: pictures.Trend | None
    level: levels.Orientation


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One service, or all of them together."""

    measured: ServiceMetrics
    cards: tuple[Card, ...]
    timeline: pictures.Timeline
    score: float | None
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """What a number was computed from: rows of the kind that `kind` says, the newest first."""

    key: str
    title: str
    formula: str
    kind: str
    rows: tuple[Any, ...]


class Addresses:
    """The addresses that the template links to; "" where there is none. A report in a file has no others."""

    def details(self, measured: ServiceMetrics, key: str) -> str:
        """The address of what the number `key` of a service was computed from."""
        return f"#{measured.service}-{key}".replace(" ", "-") if details(measured, key).rows else ""

    def deployment(self, _id: str) -> str:
        """The address of a deployment."""
        return ""

    def traces(self, _classified: ClassifiedDeployment) -> str:
        """The address of the traces of a deployment's version."""
        return ""

    def service(self, _service: str) -> str:
        """The address of a service's own scorecard."""
        return ""


def scorecards(report: Report) -> list[Scorecard]:
    """The scorecard of each service, and the last of all together where there are several."""
    measured = (*report.services.values(), *([report.total] if report.total else []))
    return [scorecard(service, report) for service in measured]


def scorecard(measured: ServiceMetrics, report: Report) -> Scorecard:
    """The scorecard of one service of a report."""
    parts = [report.measured_in(measured, part) for part in report.covered.stretches()]
    oriented = levels.orient(measured.figures)
    cards = [
        Card(
            key,
            measured.figures[name],
            pictures.trend([(part.window, part.figures[name]) for part in parts]),
            oriented[name],
        )
        for key, name in KEYS.items()
    ]
    return Scorecard(
        measured,
        tuple(cards),
        pictures.timeline(measured),
        levels.mean_score(measured.figures),
        tuple(phases(measured)),
    )


def details(measured: ServiceMetrics, key: str) -> Details:
    """What the number `key` was computed from."""
    formula = measured.figures[KEYS[key]].formula if key in KEYS else ""
    kind, rows = _rows(measured, key)
    return Details(key, key.replace("-", " "), formula, kind, tuple(reversed(rows)))


def _rows(measured: ServiceMetrics, key: str) -> tuple[str, Sequence[Any]]:
    match KEYS.get(key, key):
        case name if name == LEAD_TIME:
            return COMMITS, measured.leads
        case name if name == RECOVERY:
            return OUTAGES, measured.outages
        case name if name == OTHER_INCIDENTS:
            return INCIDENTS, measured.unlinked
        case name if name == CAUGHT:
            return DEPLOYMENTS, measured.blocked
        case name if name == NOBODY_KNOWS:
            return DEPLOYMENTS, measured.unknown
        case name:
            return DEPLOYMENTS, measured.deployments_behind(measured.figures[name])


def own_commit(classified: ClassifiedDeployment) -> Commit | None:
    """The commit of a deployment's revision, where it is known."""
    known = (*classified.commits, *classified.deployment.commits)
    return next((commit for commit in known if commit.sha == classified.deployment.revision), None)


# what the template names
FOR_TEMPLATE = {
    "formatting": formatting,
    "levels": levels,
    "length": duration,
    "utc": utc,
    "own_commit": own_commit,
    "details_of": details,
    "detail_keys": (*KEYS, CAUGHT, NOBODY_KNOWS, OTHER_INCIDENTS),
    "trend_size": (pictures.WIDTH, pictures.HEIGHT),
    "looks": LOOKS,
    "most_rows": 200,
}
