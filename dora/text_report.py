"""A report as text for a terminal."""

from collections.abc import Iterator
from unicodedata import category

from dora import formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.counting_rules import CountingRules
from dora.lead_time_phases import phases
from dora.metrics import FREQUENCY, LEAD_TIME, RECOVERY, Figure, Report, ServiceMetrics
from dora.times import duration, utc

MOST = 20  # lines of one explanation, and notes


def lines(report: Report, *, explain: bool) -> Iterator[str]:
    """The report line by line, without control characters: an id or a subject can't move the cursor."""
    for line in _lines(report, explain=explain):
        yield "".join(letter if category(letter)[0] != "C" else "?" for letter in line)


def _lines(report: Report, *, explain: bool) -> Iterator[str]:
    yield report.window.words()
    if warning := formatting.scale(report.scales):
        yield warning
    yield _rules(report.rules)
    for measured in report.services.values():
        yield ""
        yield from _service(measured, report, explain=explain)
    if not report.services:
        yield "no data: no deployment of any service was found"
    if report.notes:
        yield ""
        yield f"{len(report.notes)} notes on what could not be used or had to be assumed:"
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
    yield f"  caught before users: {len(measured.blocked)}; running: {len(measured.running)}"
    for outage in measured.open_outages:
        age, names = formatting.age(outage, report.at), ", ".join(outage.deployments)
        yield f"  OPEN for {age}: {names} (since {utc(outage.began_at)})"
    if explain:
        yield from _explain(measured)


def _explain(measured: ServiceMetrics) -> Iterator[str]:
    for figure in measured.figures.values():
        yield f"  {figure.name} = {figure.formula}"
        yield from _behind(figure, measured)
    for phase in phases(measured):
        median, p90 = duration(phase.summary.median), duration(phase.summary.p90)
        yield f"  of it, {phase.name}: median {median}, p90 {p90} (n = {phase.summary.n})"
    for link in measured.unlinked[:MOST]:
        yield f"  incident {link.incident.id} at {utc(link.incident.opened_at)} is not in it: {link.how}"
    yield from (f"  caught before users: {_with_reasons(blocked)}" for blocked in measured.blocked[:MOST])
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
        yield from (f"    {describe(deployment)}" for deployment in chosen[:MOST])
        yield from _left_out(len(chosen))


def _short(classified: ClassifiedDeployment) -> str:
    deployment = classified.deployment
    return f"{utc(classified.at)} {deployment.id} {classified.kind} {deployment.revision[:12]}".rstrip()


def _with_reasons(classified: ClassifiedDeployment) -> str:
    reasons = "; ".join(formatting.reasons_and_repairs(classified))
    return f"{_short(classified)}{': ' if reasons else ''}{reasons}"


def _left_out(count: int) -> Iterator[str]:
    if count > MOST:
        yield f"    and {count - MOST} more: --json has all"
