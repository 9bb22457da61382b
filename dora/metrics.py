"""The five DORA metrics of one service in one window, each with what it was computed from."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from dora.analysis import Analysis, ServiceAnalysis
from dora.classification import FAILED, ClassifiedDeployment
from dora.counting_rules import CountingRules
from dora.incident_links import IncidentLink
from dora.lead_time import LeadTime
from dora.records import BY_EXECUTION, BY_PUSH, LISTED, RANGE, TRIGGER, Note
from dora.recovery import Outage
from dora.summary_statistics import Summary, summarise
from dora.times import DAY_S, duration, utc
from dora.windows import Window

LEAD_TIME = "change lead time"
FREQUENCY = "deployment frequency"
FAIL_RATE = "change fail rate"
RECOVERY = "failed deployment recovery time"
REWORK_RATE = "deployment rework rate"
METRICS = (LEAD_TIME, FREQUENCY, FAIL_RATE, RECOVERY, REWORK_RATE)
SECONDS, PER_DAY, SHARE = "seconds", "per day", "share"
NO_DEPLOYMENT = "no deployment reached users in this window"


BEGUN_DAY = 0.1  # two hours and a half of another day do not make it a begun one
ALL_SERVICES = "all services"
BLIND = "nobody looked for incidents: only failures that the deployment itself noticed are in it"
SOURCES_OF_COMMITS = {
    RANGE: "all between two live deployments",
    LISTED: "those that somebody listed",
    TRIGGER: "the one that started each execution",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The value of one metric, or None and the reason why there is none.

    A rate is `numerator` of `n`; `deployments` are the ids of the deployments behind it; `sources` says what
    it was computed from. A figure that is not `gradable` is not to be compared with others' figures."""

    name: str
    unit: str
    value: float | None
    n: int
    formula: str
    reason: str = ""
    numerator: int | None = None
    summary: Summary | None = None
    deployments: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    sources: str = ""
    gradable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMetrics:
    """The figures of a service in a window, and everything that they can be traced back to."""

    service: str
    window: Window
    figures: dict[str, Figure]
    counted: Sequence[ClassifiedDeployment]
    leads: Sequence[LeadTime]
    backwards: Sequence[LeadTime]
    outages: Sequence[Outage]
    open_outages: Sequence[Outage]  # all that began before the window's end, also before its start
    blocked: Sequence[ClassifiedDeployment]
    unknown: Sequence[ClassifiedDeployment]
    running: Sequence[ClassifiedDeployment]
    unlinked: Sequence[IncidentLink]  # incidents that no deployment of the service caused
    scales: tuple[float, ...]  # time scales other than real time

    def deployments_behind(self, figure: Figure) -> list[ClassifiedDeployment]:
        """The deployments that a figure names, in order of time."""
        ids = set(figure.deployments)
        return [deployment for deployment in self.counted if deployment.deployment.id in ids]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The metrics of every service in one window, and of all of them together where there are several."""

    window: Window  # as it was asked for
    covered: Window  # the part of it that the history covers
    days: (
        float  # over which frequencies are measured: whole ones where the history is shorter than the window
    )
    at: float  # when the report was made: the age of an open failure is counted until then
    rules: CountingRules
    services: dict[str, ServiceMetrics]
    total: ServiceMetrics | None
    together: ServiceAnalysis | None  # all services as if they were one
    analysis: Analysis
    notes: tuple[Note, ...]
    scales: tuple[float, ...]

    @property
    def coverage(self) -> str:
        """Says so where the history is shorter than the window; else empty."""
        if self.covered == self.window:
            return ""
        begin = utc(self.covered.start)
        return f"the history begins at {begin}: measured over {Window(0, self.days * DAY_S).length}"

    def measured_in(self, measured: ServiceMetrics, window: Window) -> ServiceMetrics:
        """One of the report's services, or all of them, measured in another window."""
        return measure(self._analysis_of(measured), window, self.analysis)

    def _analysis_of(self, measured: ServiceMetrics) -> ServiceAnalysis:
        service = self.analysis.services.get(measured.service) or self.together
        if service is None:
            raise KeyError(measured.service)
        return service

    def by_period(self, measured: ServiceMetrics, unit: str) -> dict[str, ServiceMetrics]:
        """One of the report's services in each "week" or "month" that the report covers, by their names."""
        service, counts_begun_days = self._analysis_of(measured), self.days != self.covered.days
        return {
            name: measure(service, window, self.analysis, _begun_days(window) if counts_begun_days else None)
            for name, window in self.covered.periods(unit)
        }


def report(analysis: Analysis, window: Window, at: float) -> Report:
    """Measure every service; `at` is the time of the report in epoch seconds."""
    covered, days = _coverage(analysis, window)
    services = {
        name: measure(service, covered, analysis, days) for name, service in analysis.services.items()
    }
    scales = sorted({scale for service in services.values() for scale in service.scales})
    together = pooled(analysis) if len(services) > 1 else None
    return Report(
        window=window,
        covered=covered,
        days=days,
        at=at,
        rules=analysis.rules,
        services=services,
        total=measure(together, covered, analysis, days) if together else None,
        together=together,
        analysis=analysis,
        notes=analysis.notes,
        scales=tuple(scales),
    )


def _coverage(analysis: Analysis, window: Window) -> tuple[Window, float]:
    """The part of a window that the history covers, and the days over which its frequencies are measured.

    A history that is shorter than the window is measured over days as a person counts them, where a begun day
    is one: ten deployments in two days are five a day."""
    began_at = analysis.began_at
    if began_at is None or not window.start <= began_at < window.end:
        return window, window.days
    covered = Window(began_at, window.end)
    return covered, _begun_days(covered) if window.days >= 1 else covered.days


def _begun_days(window: Window) -> float:
    return max(1.0, ceil(window.days - BEGUN_DAY))


def pooled(analysis: Analysis) -> ServiceAnalysis:
    """All services as if they were one: their deployments, commits and outages together."""
    services = analysis.services.values()

    def together(name: str, key: Callable[[Any], Any]) -> list[Any]:
        return sorted((each for service in services for each in getattr(service, name)), key=key)

    return ServiceAnalysis(
        service=ALL_SERVICES,
        counted=together("counted", lambda deployment: deployment.at),
        blocked=together("blocked", lambda deployment: deployment.at),
        unknown=together("unknown", lambda deployment: deployment.at),
        running=together("running", lambda deployment: deployment.at),
        rollbacks=together("rollbacks", lambda rollback: rollback.started_at),
        leads=together("leads", lambda lead: lead.at),
        backwards=together("backwards", lambda lead: lead.at),
        outages=together("outages", lambda outage: outage.began_at),
        links=together("links", _opened_at),
        unlinked=[
            link for link in together("unlinked", lambda link: link.incident.opened_at) if not link.deployment
        ],
        first_live=next((service.first_live for service in services if service.first_live), ""),
        knows_commits=any(service.knows_commits for service in services),
        scales=tuple(sorted({scale for service in services for scale in service.scales})),
    )


def measure(
    service: ServiceAnalysis, window: Window, analysis: Analysis, days: float | None = None
) -> ServiceMetrics:
    """The five figures of a service; its frequency over `days`, without them over the window's.

    A deployment belongs to the window in which all users had it, or in which the first saw it where it did
    not get further; a commit to the window of its deployment; an outage to that in which it began."""
    rules = analysis.rules
    counted = window.cut(service.counted, _at)
    unknown = window.cut(service.unknown, _at)
    leads = window.cut(service.leads, lambda lead: lead.at)
    backwards = window.cut(service.backwards, lambda lead: lead.at)
    outages = window.cut(service.outages, lambda outage: outage.began_at)
    bases = [deployment for deployment in counted if rules.count == "all" or deployment.is_success]
    figures = (
        _lead_time(service, leads, backwards, rules),
        _frequency(bases, window, window.days if days is None else days),
        _fail_rate(bases, unknown),
        _recovery(outages, rules),
        _rework_rate(bases),
    )
    return ServiceMetrics(
        service=service.service,
        window=window,
        figures={figure.name: _with_incident_sources(figure, analysis) for figure in figures},
        counted=counted,
        leads=leads,
        backwards=backwards,
        outages=outages,
        open_outages=[
            outage for outage in service.outages if not outage.recovery and outage.began_at < window.end
        ],
        blocked=window.cut(service.blocked, _at),
        unknown=unknown,
        running=service.running,
        unlinked=window.cut(service.unlinked, _opened_at),
        scales=service.scales,
    )


def _at(deployment: ClassifiedDeployment) -> float:
    return deployment.at


def _opened_at(link: IncidentLink) -> float:
    return link.incident.opened_at


def _with_incident_sources(figure: Figure, analysis: Analysis) -> Figure:
    """The figures that incidents change say which incidents there were, and have no grade without any."""
    if figure.name not in (FAIL_RATE, RECOVERY, REWORK_RATE):
        return figure
    kinds = sorted(analysis.incident_sources)
    sources = f"incidents: {' and '.join(kinds) or 'nobody looked for them'}"
    remarks = figure.remarks
    if not kinds and figure.name == FAIL_RATE:
        remarks += (BLIND,)
    return replace(figure, sources=sources, remarks=remarks, gradable=bool(kinds))


def _lead_time(
    service: ServiceAnalysis,
    leads: Sequence[LeadTime],
    backwards: Sequence[LeadTime],
    rules: CountingRules,
) -> Figure:
    remarks = []
    if backwards:
        plural = "" if len(backwards) == 1 else "s"
        remarks.append(f"clock problem: {len(backwards)} commit{plural} dropped, later than the deployment")
    pushed = sum(lead.commit.told_by == BY_PUSH for lead in leads)
    if pushed:
        remarks.append(f"{pushed} measured from the push: --git knows the commits' own times")
    if any(lead.commit.told_by == BY_EXECUTION for lead in leads):
        remarks.append("of each execution only the commit that started it is known: git knows the others")
    kinds = {lead.deployment.commits_are for lead in leads}
    sources = [words for kind, words in SOURCES_OF_COMMITS.items() if kind in kinds]
    return _time_figure(
        LEAD_TIME,
        [lead.seconds for lead in leads],
        rules,
        formula="commits of (live for all users - committed)",
        reason="" if leads else _why_no_lead_time(service, backwards),
        deployments=_distinct(lead.deployment.id for lead in leads),
        remarks=tuple(remarks),
        sources=f"commits: {'; '.join(sources) or 'none are known'}",
    )


def _why_no_lead_time(service: ServiceAnalysis, backwards: Sequence[LeadTime]) -> str:
    if not service.first_live:
        return "nothing has gone live"
    if backwards:
        return "every commit is later than its deployment: compare the clocks"
    if not service.knows_commits:
        return "no commits are known: give --git, or a commits.csv"
    if not service.leads:
        return f"only {service.first_live} brought commits, and the first deployment has no lead time"
    return "no commit went live in this window"


def _frequency(bases: Sequence[ClassifiedDeployment], window: Window, days: float) -> Figure:
    remarks: tuple[str, ...] = ()
    if bases and (weeks := window.weeks()):
        summary = summarise([_days_with_a_deployment(week.cut(bases, _at)) for week in weeks])
        remarks = (f"median {summary.median:g} days a week with a deployment",) if summary else ()
    return Figure(
        name=FREQUENCY,
        unit=PER_DAY,
        value=len(bases) / days if bases else None,
        n=len(bases),
        formula=f"deployments / {Window(0, days * DAY_S).length}",
        reason="" if bases else NO_DEPLOYMENT,
        deployments=_distinct(base.deployment.id for base in bases),
        remarks=remarks,
    )


def _days_with_a_deployment(deployments: Sequence[ClassifiedDeployment]) -> int:
    return len({int(deployment.at // DAY_S) for deployment in deployments})


def _fail_rate(bases: Sequence[ClassifiedDeployment], unknown: Sequence[ClassifiedDeployment]) -> Figure:
    failed = [base for base in bases if base.kind == FAILED]
    inferred = sum(failure.is_inferred_failure for failure in failed)
    remarks = [f"{inferred} of them inferred from the time of an incident"] if inferred else []
    if unknown:
        remarks.append(f"{len(unknown)} more failed, and nobody knows whether users saw it: not in it")
    return _rate(FAIL_RATE, failed, bases, "failed / (ok + failed)", tuple(remarks))


def _rework_rate(bases: Sequence[ClassifiedDeployment]) -> Figure:
    repairs = [base for base in bases if base.rework]
    inferred = sum(all(signal.is_inferred for signal in repair.rework) for repair in repairs)
    remarks = (f"{inferred} of them inferred from an open incident",) if inferred else ()
    return _rate(REWORK_RATE, repairs, bases, "deployments that repair / deployments", remarks)


def _rate(
    name: str,
    chosen: Sequence[ClassifiedDeployment],
    bases: Sequence[ClassifiedDeployment],
    formula: str,
    remarks: tuple[str, ...],
) -> Figure:
    return Figure(
        name=name,
        unit=SHARE,
        value=len(chosen) / len(bases) if bases else None,
        n=len(bases),
        numerator=len(chosen),
        formula=formula,
        reason="" if bases else NO_DEPLOYMENT,
        deployments=_distinct(deployment.deployment.id for deployment in chosen),
        remarks=remarks,
    )


def _recovery(outages: Sequence[Outage], rules: CountingRules) -> Figure:
    recovered = [outage for outage in outages if outage.recovery and outage.seconds >= 0]
    from_notice = [outage.seconds_from_notice for outage in recovered]
    noticed = summarise([seconds for seconds in from_notice if seconds is not None])
    still_open = sum(not outage.recovery for outage in outages)
    backwards = sum(outage.seconds < 0 for outage in outages)
    remarks = [f"{still_open} open, not averaged"] if still_open else []
    remarks += [f"clock problem: {backwards} dropped, over before users saw it"] if backwards else []
    if noticed:
        remarks.append(f"from the first alarm: {rules.headline} {duration(noticed.of(rules.headline))}")
    return _time_figure(
        RECOVERY,
        [outage.seconds for outage in recovered],
        rules,
        formula="outages of (all users on good - first users on bad)",
        reason="" if recovered else _why_no_recovery(outages, still_open),
        deployments=_distinct(deployment for outage in recovered for deployment in outage.deployments),
        remarks=tuple(remarks),
    )


def _why_no_recovery(outages: Sequence[Outage], still_open: int) -> str:
    if still_open:
        return f"{still_open} failed and not recovered yet"
    if outages:
        return "every recovery is before its failure: compare the clocks"
    return "no failed deployment became visible in this window"


def _time_figure(
    name: str,
    seconds: Sequence[float],
    rules: CountingRules,
    *,
    formula: str,
    reason: str,
    deployments: tuple[str, ...],
    remarks: tuple[str, ...],
    sources: str = "",
) -> Figure:
    """The figure of a metric that is the median or mean of times."""
    summary = summarise(seconds)
    return Figure(
        name=name,
        unit=SECONDS,
        value=summary.of(rules.headline) if summary else None,
        n=len(seconds),
        formula=f"{rules.headline} over {formula}",
        reason=reason,
        summary=summary,
        deployments=deployments,
        remarks=remarks,
        sources=sources,
    )


def _distinct(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
