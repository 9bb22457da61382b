"""A service's five metrics as the page shows them: cards, and what stands behind a number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.errors import BadInput
from console.trends import Picture, Trend, picture, trend
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
USUAL = {"6h": 21600.0, "24h": 86400.0, "7d": 7 * 86400.0}  # where the whole history fits into it; else
MONTH = "30d"
LONGEST_S = 100 * 86400.0
BLOCKED, INCIDENTS = "caught-before-users", "other-incidents"
KEYS = {name.replace(" ", "-"): name for name in METRICS}
COMMITS, DEPLOYMENTS, OUTAGES = "commits", "deployments", "outages"  # what a table lists


@dataclass(frozen=True, slots=True)
class Card:
    """One metric."""

    key: str
    figure: Figure
    value: str
    basis: str
    said: str
    trend: Trend | None
    level: levels.Orientation


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One service."""

    measured: ServiceMetrics
    cards: tuple[Card, ...]
    picture: Picture
    score: float | None
    phases: tuple[Phase, ...]

    @property
    def service(self) -> str:
        """Its name."""
        return self.measured.service


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind a number: `rows` of commits, deployments, outages or incidents, as `listed` says."""

    title: str
    formula: str
    listed: str
    rows: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: a window by its words, one service or all, and a number of it."""

    words: str
    until: str
    window: Window
    service: str
    figure: str


def asked(
    arguments: Mapping[str, str], services: Iterable[str], began_s: float | None, now_s: float
) -> Asked:
    """Read `window`, `until`, `service` and `figure`; raises BadInput."""
    names, until = list(services), arguments.get("until", "")
    words = arguments.get("window", "") or usual_window(began_s, now_s)
    service, figure = arguments.get("service", ""), arguments.get("figure", "")
    try:
        span = window(words, until, now_s)
    except InputError as error:
        said = str(error).replace("--since", "window").replace("--until", "until")
        raise BadInput(said) from None
    if span.end - span.start > LONGEST_S:
        raise BadInput(f"window={words!r}: expected at most 100 days; python -m dora takes any length")
    if service and service not in names:
        raise BadInput(f"service={service!r}: there are deployments of {', '.join(names) or 'none'}")
    if figure and (figure not in (*KEYS, BLOCKED, INCIDENTS) or not service):
        known = ", ".join((*KEYS, BLOCKED, INCIDENTS))
        raise BadInput(f"figure={figure!r}: expected one of {known}, and a service")
    return Asked(words, until, span, service, figure)


def usual_window(began_s: float | None, now_s: float) -> str:
    """The shortest that holds the whole history, a month at most: an hour's says nothing of 30 days."""
    age_s = 0.0 if began_s is None else now_s - began_s
    return next((words for words, length_s in USUAL.items() if age_s < length_s), MONTH)


def scorecards(judged: Analysis, wanted: Asked, now_s: float) -> tuple[Report, list[Scorecard]]:
    """The report, and the services that were asked for."""
    made = report(judged, wanted.window, now_s)
    chosen = [one for one in made.services.values() if wanted.service in ("", one.service)]
    return made, [_scorecard(one, made) for one in chosen]


def _scorecard(one: ServiceMetrics, made: Report) -> Scorecard:
    history, oriented = made.analysis.services[one.service], levels.orient(one.figures)
    parts = [(stretch, measure(history, stretch, made.analysis)) for stretch in made.window.stretches()]
    cards = [
        _card(key, one.figures[name], trend([(at, part.figures[name]) for at, part in parts]), oriented[name])
        for key, name in KEYS.items()
    ]
    return Scorecard(one, tuple(cards), picture(one), levels.mean_score(one.figures), tuple(phases(one)))


def _card(key: str, figure: Figure, drawn: Trend | None, level: levels.Orientation) -> Card:
    said = "; ".join(text for text in (figure.reason, formatting.spread(figure), *figure.remarks) if text)
    return Card(key, figure, formatting.value(figure), formatting.basis(figure), said, drawn, level)


def behind(one: ServiceMetrics, key: str) -> Behind:
    """What a number was computed from, the newest first."""
    formula = one.figures[KEYS[key]].formula if key in KEYS else ""
    listed, rows = _rows(one, key)
    return Behind(key.replace("-", " "), formula, listed, tuple(reversed(rows)))


def _rows(one: ServiceMetrics, key: str) -> tuple[str, Sequence[Any]]:
    match KEYS.get(key, key):
        case metrics.LEAD_TIME:
            return COMMITS, one.leads
        case metrics.RECOVERY:
            return OUTAGES, one.outages
        case name if name == INCIDENTS:
            return INCIDENTS, one.unlinked
        case name if name == BLOCKED:
            return DEPLOYMENTS, one.blocked
        case name:
            keys = set(one.figures[name].deployments)
            return DEPLOYMENTS, [judged for judged in one.counted if judged.deployment.id in keys]


def why(one: ClassifiedDeployment) -> list[str]:
    """Why it failed or was stopped, and what it repairs."""
    failed = [reason.words for reason in one.reasons]
    failed = failed or ([one.deployment.error] if one.deployment.error else [])
    guessed = {True: " (inferred)", False: ""}
    return failed + [f"rework{guessed[each.is_inferred]}: {each.kind} {each.by}" for each in one.rework]


def own_commit(one: ClassifiedDeployment) -> Commit | None:
    """The commit of its revision, where it is known."""
    known = (*one.commits, *one.deployment.commits)
    return next((commit for commit in known if commit.sha == one.deployment.revision), None)
