"""A service's five DORA metrics as the page shows them: cards, and what each number was computed from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.dora.timeline import Timeline, timeline
from console.dora.trend import Trend, trend
from console.shared.errors import BadInput
from dora import formatting, metrics
from dora import performance_levels as levels
from dora.analysis import Analysis
from dora.classification import ClassifiedDeployment
from dora.errors import InputError
from dora.lead_time_phases import Phase, phases
from dora.metrics import METRICS, Figure, Report, ServiceMetrics, measure, report
from dora.records import Commit
from dora.windows import Window, window

CHOICES = ("6h", "24h", "7d", "30d", "90d")
# the default window is the first that is longer than the whole history, else LONGEST_DEFAULT
DEFAULTS = {"6h": 21600.0, "24h": 86400.0, "7d": 7 * 86400.0}
LONGEST_DEFAULT = "30d"
LONGEST_S = 100 * 86400.0
BLOCKED, INCIDENTS = "caught-before-users", "other-incidents"
KEYS = {name.replace(" ", "-"): name for name in METRICS}
COMMITS, DEPLOYMENTS, OUTAGES = "commits", "deployments", "outages"  # the kinds of rows, with INCIDENTS


@dataclass(frozen=True, slots=True)
class Card:
    """One metric: its figure, its trend, and how it compares with other teams' answers."""

    key: str
    figure: Figure
    trend: Trend | None
    level: levels.Orientation


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One service."""

    measured: ServiceMetrics
    cards: tuple[Card, ...]
    timeline: Timeline
    score: float | None
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """What a number was computed from: commits, deployments, outages or incidents, as `kind` says."""

    title: str
    formula: str
    kind: str
    rows: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the address selects: a window and its words, one service or all (""), and a number of it."""

    words: str
    until: str
    window: Window
    service: str
    figure: str


def selection(
    arguments: Mapping[str, str], services: Iterable[str], began_s: float | None, now_s: float
) -> Selection:
    """Read `window`, `until`, `service` and `figure`; raises BadInput.

    `services` are those of the history, `began_s` is its first deployment, epoch seconds.
    """
    names, until = list(services), arguments.get("until", "")
    words = arguments.get("window", "") or default_window(began_s, now_s)
    service, figure = arguments.get("service", ""), arguments.get("figure", "")
    try:
        span = window(words, until, now_s)
    except InputError as error:
        detail = str(error).replace("--since", "window").replace("--until", "until")
        raise BadInput(detail) from None
    if span.end - span.start > LONGEST_S:
        raise BadInput(f"window={words!r}: expected at most 100 days; python -m dora takes any length")
    if service and service not in names:
        raise BadInput(f"service={service!r}: there are deployments of {', '.join(names) or 'none'}")
    if figure and (figure not in (*KEYS, BLOCKED, INCIDENTS) or not service):
        known = ", ".join((*KEYS, BLOCKED, INCIDENTS))
        raise BadInput(f"figure={figure!r}: expected one of {known}, and a service")
    return Selection(words, until, span, service, figure)


def default_window(began_s: float | None, now_s: float) -> str:
    """Return the shortest window that holds the whole history, at most 30 days.

    A history of one hour, spread over 30 days, would say nothing.
    """
    age_s = 0.0 if began_s is None else now_s - began_s
    return next((words for words, length_s in DEFAULTS.items() if age_s < length_s), LONGEST_DEFAULT)


def scorecards(analysis: Analysis, selected: Selection, now_s: float) -> tuple[Report, list[Scorecard]]:
    """Return the report over the window, and the scorecards of the selected services."""
    over_window = report(analysis, selected.window, now_s)
    chosen = [
        measured for measured in over_window.services.values() if selected.service in ("", measured.service)
    ]
    return over_window, [_scorecard(measured, over_window) for measured in chosen]


def _scorecard(measured: ServiceMetrics, over_window: Report) -> Scorecard:
    history, oriented = over_window.analysis.services[measured.service], levels.orient(measured.figures)
    parts = [measure(history, part, over_window.analysis) for part in over_window.window.stretches()]
    cards = [
        Card(
            key,
            measured.figures[name],
            trend([(part.window, part.figures[name]) for part in parts]),
            oriented[name],
        )
        for key, name in KEYS.items()
    ]
    score = levels.mean_score(measured.figures)
    return Scorecard(measured, tuple(cards), timeline(measured), score, tuple(phases(measured)))


def details(measured: ServiceMetrics, key: str) -> Details:
    """Return what the number `key` was computed from, the newest first."""
    formula = measured.figures[KEYS[key]].formula if key in KEYS else ""
    kind, rows = _rows(measured, key)
    return Details(key.replace("-", " "), formula, kind, tuple(reversed(rows)))


def _rows(measured: ServiceMetrics, key: str) -> tuple[str, Sequence[Any]]:
    match KEYS.get(key, key):
        case metrics.LEAD_TIME:
            return COMMITS, measured.leads
        case metrics.RECOVERY:
            return OUTAGES, measured.outages
        case name if name == INCIDENTS:
            return INCIDENTS, measured.unlinked
        case name if name == BLOCKED:
            return DEPLOYMENTS, measured.blocked
        case name:
            ids = set(measured.figures[name].deployments)
            return DEPLOYMENTS, [counted for counted in measured.counted if counted.deployment.id in ids]


def reasons(classified: ClassifiedDeployment) -> list[str]:
    """Return why a deployment failed or was stopped, and which earlier one it repairs, in words."""
    failures = [reason.words for reason in classified.reasons]
    failures = failures or ([classified.deployment.error] if classified.deployment.error else [])
    rework = [
        f"rework{' (inferred)' if repair.is_inferred else ''}: {repair.kind} {repair.by}"
        for repair in classified.rework
    ]
    return failures + rework


def remarks(figure: Figure) -> str:
    """Return why a figure has no value, its spread, and its other remarks, in words."""
    return "; ".join(filter(None, (figure.reason, formatting.spread(figure), *figure.remarks)))


def own_commit(classified: ClassifiedDeployment) -> Commit | None:
    """Return the commit of a deployment's revision, where it is known."""
    known = (*classified.commits, *classified.deployment.commits)
    return next((commit for commit in known if commit.sha == classified.deployment.revision), None)
