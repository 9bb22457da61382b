"""The five metrics of one service in one window, each with what it was computed from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dora.classes import FAILED, Judged
from dora.judging import JudgedHistory, ServiceHistory
from dora.lead_time import LeadTime
from dora.linking import Link
from dora.outages import Outage
from dora.parameters import Parameters
from dora.records import BY_EXECUTION, BY_PUSH, Note
from dora.summary import Summary, summarise
from dora.windows import DAY_S, Window, duration

LEAD_TIME = "change lead time"
FREQUENCY = "deployment frequency"
FAIL_RATE = "change fail rate"
RECOVERY = "failed deployment recovery time"
REWORK_RATE = "deployment rework rate"
METRICS = (LEAD_TIME, FREQUENCY, FAIL_RATE, RECOVERY, REWORK_RATE)
SECONDS, PER_DAY, SHARE = "seconds", "per day", "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, or None and the reason; a rate is `numerator` of `n`; `deployments` are the ids behind it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A service in a window: the figures, and everything that they can be traced back to."""

    service: str
    window: Window
    figures: dict[str, Figure]
    counted: Sequence[Judged]
    leads: Sequence[LeadTime]
    backwards: Sequence[LeadTime]
    outages: Sequence[Outage]
    open_outages: Sequence[Outage]  # that began before the window's end, whenever that was
    blocked: Sequence[Judged]
    running: Sequence[Judged]
    unlinked: Sequence[Link]
    scales: tuple[float, ...]  # other than real time


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is printed, written and put out: every service, never a mean of them."""

    window: Window
    at: float  # when it was made: ages of open failures are counted from here
    parameters: Parameters
    services: dict[str, Measured]
    history: JudgedHistory
    notes: tuple[Note, ...]
    scales: tuple[float, ...]


def report(history: JudgedHistory, window: Window, at: float) -> Report:
    """Measure every service."""
    services = {name: measure(one, window, history) for name, one in history.services.items()}
    scales = sorted({scale for one in services.values() for scale in one.scales})
    return Report(
        window=window,
        at=at,
        parameters=history.parameters,
        services=services,
        history=history,
        notes=history.notes,
        scales=tuple(scales),
    )


def measure(one: ServiceHistory, window: Window, history: JudgedHistory) -> Measured:
    """The five figures. Deployments belong to the window in which all users had them (or the first saw them,
    where it did not get further), commits to that of their deployment, outages to that of their begin."""
    parameters = history.parameters
    counted = window.cut(one.counted, lambda judged: judged.at)
    leads = window.cut(one.leads, lambda lead: lead.at)
    backwards = window.cut(one.backwards, lambda lead: lead.at)
    outages = window.cut(one.outages, lambda outage: outage.began_at)
    bases = [judged for judged in counted if parameters.count == "all" or judged.is_success]
    figures = (
        _lead_time(one, leads, backwards, parameters),
        _frequency(bases, window),
        _fail_rate(bases, history.has_incident_source),
        _recovery(outages, parameters),
        _rework_rate(bases),
    )
    return Measured(
        service=one.service,
        window=window,
        figures={figure.name: figure for figure in figures},
        counted=counted,
        leads=leads,
        backwards=backwards,
        outages=outages,
        open_outages=[
            outage for outage in one.outages if not outage.recovery and outage.began_at < window.end
        ],
        blocked=window.cut(one.blocked, lambda judged: judged.at),
        running=one.running,
        unlinked=[
            link
            for link in window.cut(one.links, lambda link: link.incident.opened_at)
            if not link.deployment
        ],
        scales=one.scales,
    )


def _lead_time(
    one: ServiceHistory, leads: Sequence[LeadTime], backwards: Sequence[LeadTime], parameters: Parameters
) -> Figure:
    summary = summarise([lead.seconds for lead in leads])
    remarks = []
    if backwards:
        remarks.append(f"clock problem: {_count(backwards, 'commit')} dropped, later than the deployment")
    pushed = sum(lead.commit.told_by == BY_PUSH for lead in leads)
    if pushed:
        remarks.append(f"{pushed} measured from the push: --git knows the commits' own times")
    if any(lead.commit.told_by == BY_EXECUTION for lead in leads):
        remarks.append("of each execution only the commit that started it is known: git knows the others")
    return Figure(
        name=LEAD_TIME,
        unit=SECONDS,
        value=summary.of(parameters.headline) if summary else None,
        n=len(leads),
        formula=f"{parameters.headline} over commits of (live for all users - committed)",
        reason="" if summary else _why_no_lead_time(one, backwards),
        summary=summary,
        deployments=_ids(lead.deployment.id for lead in leads),
        remarks=tuple(remarks),
    )


def _why_no_lead_time(one: ServiceHistory, backwards: Sequence[LeadTime]) -> str:
    if not one.first_live:
        return "nothing has gone live"
    if backwards:
        return "every commit is later than its deployment: compare the clocks"
    if not one.knows_commits:
        return "no commits are known: give --git, or a commits.csv"
    if not one.leads:
        return f"only {one.first_live} brought commits, and the first deployment has no lead time"
    return "no commit went live in this window"


def _frequency(bases: Sequence[Judged], window: Window) -> Figure:
    remarks: tuple[str, ...] = ()
    if bases and (weeks := window.weeks()):
        days = [_days(week.cut(bases, lambda judged: judged.at)) for week in weeks]
        summary = summarise(days)
        remarks = (f"median {summary.median:g} days a week with a deployment",) if summary else ()
    return Figure(
        name=FREQUENCY,
        unit=PER_DAY,
        value=len(bases) / window.days if bases else None,
        n=len(bases),
        formula=f"deployments / {window.length}",
        reason="" if bases else "no deployment reached users in this window",
        deployments=_ids(judged.deployment.id for judged in bases),
        remarks=remarks,
    )


def _days(judged: Sequence[Judged]) -> int:
    return len({int(one.at // DAY_S) for one in judged})


def _fail_rate(bases: Sequence[Judged], has_incident_source: bool) -> Figure:
    failed = [judged for judged in bases if judged.kind == FAILED]
    blind = "nobody looked for incidents: only failures that the deployment itself noticed are in it"
    return _rate(FAIL_RATE, failed, bases, "failed / (ok + failed)", () if has_incident_source else (blind,))


def _rework_rate(bases: Sequence[Judged]) -> Figure:
    found = [judged for judged in bases if judged.rework]
    inferred = sum(all(signal.is_inferred for signal in judged.rework) for judged in found)
    remarks = (f"{inferred} of them inferred from an open incident",) if inferred else ()
    return _rate(REWORK_RATE, found, bases, "deployments that repair / deployments", remarks)


def _rate(
    name: str, found: Sequence[Judged], bases: Sequence[Judged], formula: str, remarks: tuple[str, ...]
) -> Figure:
    return Figure(
        name=name,
        unit=SHARE,
        value=len(found) / len(bases) if bases else None,
        n=len(bases),
        numerator=len(found),
        formula=formula,
        reason="" if bases else "no deployment reached users in this window",
        deployments=_ids(judged.deployment.id for judged in found),
        remarks=remarks,
    )


def _recovery(outages: Sequence[Outage], parameters: Parameters) -> Figure:
    over = [outage for outage in outages if outage.recovery and outage.seconds >= 0]
    summary = summarise([outage.seconds for outage in over])
    notice = [outage.seconds_from_notice for outage in over]
    noticed = summarise([seconds for seconds in notice if seconds is not None])
    still_open = sum(not outage.recovery for outage in outages)
    backwards = sum(outage.seconds < 0 for outage in outages)
    remarks = [f"{still_open} open, not averaged"] if still_open else []
    remarks += [f"clock problem: {backwards} dropped, over before users saw it"] if backwards else []
    if noticed:
        since = duration(noticed.of(parameters.headline))
        remarks.append(f"from the first alarm: {parameters.headline} {since}")
    return Figure(
        name=RECOVERY,
        unit=SECONDS,
        value=summary.of(parameters.headline) if summary else None,
        n=len(over),
        formula=f"{parameters.headline} over outages of (all users on good - first users on bad)",
        reason="" if summary else _why_no_recovery(outages, still_open),
        summary=summary,
        deployments=_ids(key for outage in over for key in outage.deployments),
        remarks=tuple(remarks),
    )


def _why_no_recovery(outages: Sequence[Outage], still_open: int) -> str:
    if still_open:
        return f"{still_open} failed and not recovered yet"
    if outages:
        return "every recovery is before its failure: compare the clocks"
    return "no failed deployment became visible in this window"


def _ids(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
