"""A report as text for a terminal."""

from collections.abc import Iterator
from unicodedata import category

from dora import levels, wording
from dora.classes import Judged
from dora.metrics import FREQUENCY, LEAD_TIME, RECOVERY, Figure, Measured, Report
from dora.parameters import Parameters
from dora.phases import phases
from dora.windows import duration, utc

MOST = 20  # lines of one explanation, and notes


def lines(report: Report, *, explain: bool) -> Iterator[str]:
    """The whole text; ids and subjects of others can't move the cursor."""
    for line in _lines(report, explain=explain):
        yield "".join(letter if category(letter)[0] != "C" else "?" for letter in line)


def _lines(report: Report, *, explain: bool) -> Iterator[str]:
    yield report.window.words()
    if warning := wording.scale(report.scales):
        yield warning
    yield _parameters(report.parameters)
    for one in report.services.values():
        yield ""
        yield from _service(one, report, explain=explain)
    if not report.services:
        yield "no data: no deployment of any service was found"
    if report.notes:
        yield ""
        yield f"{len(report.notes)} notes on what could not be used or had to be assumed:"
        yield from (f"  {note.source} {note.id}: {note.reason}" for note in report.notes[:MOST])
        yield from _rest(len(report.notes))


def _parameters(one: Parameters) -> str:
    counted = "all attempts that reached users" if one.count == "all" else "attempts that succeeded"
    linked = "by id only" if one.link == "id" else f"by id, else by time within {one.link_limit_s / 3600:g} h"
    return f"counted: {counted}; headline: {one.headline}; incidents linked {linked}"


def _service(one: Measured, report: Report, *, explain: bool) -> Iterator[str]:
    oriented = levels.orient(one.figures)
    yield one.service
    for name, figure in one.figures.items():
        cluster = f"[{levels.YEAR}: {oriented[name].cluster}]" if oriented[name].cluster else ""
        said = "; ".join(text for text in (figure.reason, wording.spread(figure), *figure.remarks) if text)
        head = f"{wording.value(figure):>16}  {wording.basis(figure):<12}"
        yield f"  {name:<32}{head} {cluster:<24} {said}".rstrip()
    yield f"  caught before users: {len(one.blocked)}; running: {len(one.running)}"
    for outage in one.open_outages:
        age = duration(max(0.0, report.at - outage.began_at))
        yield f"  OPEN for {age}: {', '.join(outage.deployments)} (since {utc(outage.began_at)})"
    if explain:
        yield from _explain(one)


def _explain(one: Measured) -> Iterator[str]:
    for figure in one.figures.values():
        yield f"  {figure.name} = {figure.formula}"
        yield from _behind(figure, one)
    for phase in phases(one):
        summary = phase.summary
        yield (
            f"  of it, {phase.name}: median {duration(summary.median)}, "
            f"p90 {duration(summary.p90)} (n = {summary.n})"
        )
    for link in one.unlinked[:MOST]:
        yield f"  incident {link.incident.id} at {utc(link.incident.opened_at)} is not in it: {link.how}"
    yield from (f"  caught before users: {_judged(judged)}" for judged in one.blocked[:MOST])
    yield f"  {levels.CAVEAT}"


def _behind(figure: Figure, one: Measured) -> Iterator[str]:
    if figure.name == LEAD_TIME:
        for lead in one.leads[:MOST]:
            yield (
                f"    {duration(lead.seconds)}: {lead.commit.sha[:12]} {lead.commit.subject[:50]}"
                f" in {lead.deployment.id}, live {utc(lead.at)}"
            )
        yield from _rest(len(one.leads))
    elif figure.name == RECOVERY:
        for outage in one.outages[:MOST]:
            how = f"{duration(outage.seconds)}: {outage.recovery.how}" if outage.recovery else "not over"
            yield f"    {', '.join(outage.deployments)} from {utc(outage.began_at)}, {how}"
        yield from _rest(len(one.outages))
    else:
        keys = set(figure.deployments)
        chosen = [judged for judged in one.counted if judged.deployment.id in keys]
        for judged in chosen[:MOST]:
            yield f"    {_judged(judged)}" if figure.name != FREQUENCY else f"    {_short(judged)}"
        yield from _rest(len(chosen))


def _short(one: Judged) -> str:
    return f"{utc(one.at)} {one.deployment.id} {one.kind} {one.deployment.revision[:12]}".rstrip()


def _judged(one: Judged) -> str:
    why = [reason.words for reason in one.reasons] or ([one.deployment.error] if one.deployment.error else [])
    why += [f"rework: {signal.kind} {signal.by}" for signal in one.rework]
    return f"{_short(one)}{': ' if why else ''}{'; '.join(why)}"


def _rest(count: int) -> Iterator[str]:
    if count > MOST:
        yield f"    and {count - MOST} more: --json has all"
