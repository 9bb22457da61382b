"""A report as text for a terminal."""

from collections.abc import Iterator
from unicodedata import category

from dora import formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.counting_rules import CountingRules
from dora.lead_time_phases import phases
from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, RECOVERY, Figure, Report, ServiceMetrics
from dora.times import duration, utc

MOST = 20  # lines of one explanation, and notes


def lines(report: Report, *, explain: bool, by: str = "") -> Iterator[str]:
    """The report line by line; with `by` ("week" or "month") the figures of each period beside each other.

    Without control characters: an id or a subject can't move the cursor."""
    for line in _lines(report, explain=explain, by=by):
        yield "".join(letter if category(letter)[0] != "C" else "?" for letter in line)


def _lines(report: Report, *, explain: bool, by: str) -> Iterator[str]:
    if sample := formatting.made_up(report.notes):
        yield sample
    yield report.window.words()
    if report.coverage:
        yield report.coverage
    if warning := formatting.scale(report.scales):
        yield warning
    yield _rules(report.rules)
    for measured in (*report.services.values(), *([report.total] if report.total else [])):
        yield ""
        if by:
            yield from _periods(measured, report, by)
        else:
            yield from _service(measured, report, explain=explain and measured is not report.total)
    if not report.services:
        yield "no data: no deployment of any service was found"
    if report.notes:
        yield ""
        yield f"{formatting.count(len(report.notes), 'note')} on what could not be used or had to be assumed:"
        yield from (f"  {note.source} {note.id}: {note.reason}" for note in report.notes[:MOST])
        yield from _left_out(len(report.notes))


def _rules(rules: CountingRules) -> str:
    counted = "all attempts that reached users" if rules.count == "all" else "attempts that succeeded"
    limit = f"by id, else by time within {rules.link_limit_s / 3600:g} h"
    linked = "by id only" if rules.link == "id" else limit
    return f"counted: {counted}; headline: {rules.headline}; incidents linked {linked}"


def _service(measured: ServiceMetrics, report: Report, *, explain: bool) -> Iterator[str]:
    oriented = levels.orient(measured.figures)
    yield measured.service
    for name, figure in measured.figures.items():
        cluster = f"[{levels.YEAR}: {oriented[name].cluster}]" if oriented[name].cluster else ""
        head = f"{formatting.value(figure):>16}  {formatting.basis(figure):<12}"
        yield f"  {name:<32}{head} {cluster:<24} {formatting.remarks(figure)}".rstrip()
    unknown = f"; failed, and nobody knows whether users saw it: {len(measured.unknown)}"
    yield (
        f"  caught before users: {len(measured.blocked)}; running: {len(measured.running)}"
        f"{unknown if measured.unknown else ''}"
    )
    for outage in measured.open_outages:
        age, names = formatting.age(outage, report.at), ", ".join(outage.deployments)
        yield f"  OPEN for {age}: {names} (since {utc(outage.began_at)})"
    if explain:
        yield from _explain(measured)


def _periods(measured: ServiceMetrics, report: Report, by: str) -> Iterator[str]:
    """A service's figures, a column for each week or month."""
    columns = report.by_period(measured, by)
    yield f"{measured.service:<32}" + "".join(f"{name:>16}" for name in columns)
    for metric in measured.figures:
        values = [formatting.value(period.figures[metric]) for period in columns.values()]
        yield f"  {metric:<30}" + "".join(f"{value:>16}" for value in values)
        bases = [formatting.basis(period.figures[metric]) for period in columns.values()]
        yield f"  {'':<30}" + "".join(f"{basis:>16}" for basis in bases)


def _explain(measured: ServiceMetrics) -> Iterator[str]:
    for figure in measured.figures.values():
        yield f"  {figure.name} = {figure.formula}{f' ({figure.sources})' if figure.sources else ''}"
        yield from _behind(figure, measured)
    for phase in phases(measured):
        median, p90 = duration(phase.summary.median), duration(phase.summary.p90)
        yield f"  of it, {phase.name}: median {median}, p90 {p90} (n = {phase.summary.n})"
    for link in measured.unlinked[:MOST]:
        yield f"  incident {link.incident.id} at {utc(link.incident.opened_at)} is not in it: {link.how}"
    yield from (f"  caught before users: {_with_reasons(blocked)}" for blocked in measured.blocked[:MOST])
    for failed in measured.unknown[:MOST]:
        yield f"  failed, and nobody knows whether users saw it: {_with_reasons(failed)}"
    yield f"  {levels.CAVEAT}"


def _behind(figure: Figure, measured: ServiceMetrics) -> Iterator[str]:
    if figure.name == LEAD_TIME:
        for lead in measured.leads[:MOST]:
            yield (
                f"    {duration(lead.seconds)}: {lead.commit.sha[:12]} {lead.commit.subject[:50]}"
                f" in {lead.deployment.id}, live {utc(lead.at)}"
            )
        yield from _left_out(len(measured.leads))
    elif figure.name == RECOVERY:
        for outage in measured.outages[:MOST]:
            names, end = ", ".join(outage.deployments), formatting.end_of_outage(outage)
            yield f"    {names} from {utc(outage.began_at)}, {end}"
        yield from _left_out(len(measured.outages))
    else:
        chosen = measured.deployments_behind(figure)
        describe = _short if figure.name == FREQUENCY else _with_reasons
        for deployment in chosen[:MOST]:
            yield f"    {describe(deployment)}"
            if figure.name == FAIL_RATE:
                yield from _commits(deployment)
        yield from _left_out(len(chosen))


def _commits(classified: ClassifiedDeployment) -> Iterator[str]:
    for commit in classified.commits[:MOST]:
        yield f"      brought {commit.sha[:12]} {commit.subject[:60]}".rstrip()
    yield from _left_out(len(classified.commits))


def _short(classified: ClassifiedDeployment) -> str:
    deployment = classified.deployment
    return f"{utc(classified.at)} {deployment.id} {classified.kind} {deployment.revision[:12]}".rstrip()


def _with_reasons(classified: ClassifiedDeployment) -> str:
    reasons = "; ".join(formatting.reasons_and_repairs(classified))
    return f"{_short(classified)}{': ' if reasons else ''}{reasons}"


def _left_out(count: int) -> Iterator[str]:
    if count > MOST:
        yield f"    and {count - MOST} more: --json has all"
