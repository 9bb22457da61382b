"""A report as one HTML file that needs nothing else: pictures inside, no script, light and dark."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dora import charts, levels, wording
from dora.classes import Judged
from dora.lead_time import LeadTime
from dora.markup import Markup, element, join
from dora.metrics import LEAD_TIME, METRICS, RECOVERY, Figure, Measured, Report, measure
from dora.outages import Outage
from dora.phases import phases
from dora.windows import Window, duration, utc

STYLE = Path(__file__).with_name("report.css")
MOST = 200  # rows behind one figure
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(report: Report) -> str:
    """The whole document."""
    head = element(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        element("title", "Delivery: the five DORA metrics"),
        Markup(f"<style>{STYLE.read_text(encoding='utf-8')}</style>"),
    )
    warning = wording.scale(report.scales)
    body = element(
        "body",
        element("h1", "Delivery: the five DORA metrics"),
        element("p", f"{report.window.words()}. Made {utc(report.at)}."),
        element("p", warning, class_="warning") if warning else Markup(),
        element("p", wording.PITFALLS, class_="small"),
        *(_service(one, report) for one in report.services.values()),
        Markup() if report.services else element("p", "no data: no deployment of any service was found"),
        _levels(),
        _notes(report),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _service(one: Measured, report: Report) -> Markup:
    history = report.history.services[one.service]
    stretches = [measure(history, stretch, report.history) for stretch in report.window.stretches()]
    oriented = levels.orient(one.figures)
    open_ones = [
        element("li", f"open for {_age(outage, report.at)}: {', '.join(outage.deployments)}")
        for outage in one.open_outages
    ]
    cards = [
        _card(
            one.figures[name], one, oriented[name], [(part.window, part.figures[name]) for part in stretches]
        )
        for name in METRICS
    ]
    return element(
        "section",
        element("h2", one.service),
        charts.timeline(one),
        element("ul", *open_ones, class_="open") if open_ones else Markup(),
        element("div", *cards, class_="cards"),
        _quick_check(one),
        _phases(one),
        _details(
            f"caught before users: {len(one.blocked)}",
            [element("li", _deployment(judged)) for judged in one.blocked[-MOST:]],
            len(one.blocked),
        ),
        _details(
            f"incidents not caused by a change: {len(one.unlinked)}",
            [
                element("li", f"{utc(link.incident.opened_at)} {link.incident.id}: {link.how}")
                for link in one.unlinked[-MOST:]
            ],
            len(one.unlinked),
        ),
    )


def _quick_check(one: Measured) -> Markup:
    mean = levels.mean_score(one.figures)
    if mean is None:
        return Markup()
    industry = sum(levels.INDUSTRY.values()) / len(levels.INDUSTRY)
    said = f"DORA's quick check, answered with these figures: {mean:.1f} of 10; industry {industry:.2f}."
    return element("p", said, class_="small")


def _card(
    figure: Figure,
    one: Measured,
    oriented: levels.Orientation,
    points: Sequence[tuple[Window, Figure]],
) -> Markup:
    said = "; ".join(text for text in (figure.reason, wording.spread(figure), *figure.remarks) if text)
    score = f"quick check {oriented.score:.1f} of 10, " if oriented.score is not None else ""
    beside = f"{levels.YEAR}: {oriented.cluster}; " if oriented.cluster else ""
    return element(
        "article",
        element("h3", figure.name),
        element(
            "p",
            element("strong", wording.value(figure)),
            " ",
            element("span", wording.basis(figure), class_="basis"),
        ),
        element("p", said, class_="small") if said else Markup(),
        charts.trend(points),
        element("p", f"{beside}{score}industry mean {oriented.industry} of 10", class_="small"),
        _behind(figure, one),
    )


def _behind(figure: Figure, one: Measured) -> Markup:
    """From the number to its deployments, from those to their commits."""
    if figure.name == LEAD_TIME:
        return _details(figure.formula, [element("li", _lead(lead)) for lead in one.leads[-MOST:]], figure.n)
    if figure.name == RECOVERY:
        rows = [element("li", _outage(outage)) for outage in one.outages[-MOST:]]
        return _details(figure.formula, rows, len(one.outages))
    keys = set(figure.deployments)
    chosen = [judged for judged in one.counted if judged.deployment.id in keys]
    return _details(
        figure.formula, [element("li", _deployment(judged)) for judged in chosen[-MOST:]], len(chosen)
    )


def _details(summary: str, rows: Sequence[Markup], count: int) -> Markup:
    if not count:
        return element("p", summary, class_="small")
    more = (
        element("p", f"the newest {len(rows)} of {count}; --json has all") if count > len(rows) else Markup()
    )
    return element("details", element("summary", summary), more, element("ul", *rows))


def _deployment(one: Judged) -> Markup:
    why = [reason.words for reason in one.reasons] or ([one.deployment.error] if one.deployment.error else [])
    why += [
        f"rework{' (inferred)' if signal.is_inferred else ''}: {signal.kind} {signal.by}"
        for signal in one.rework
    ]
    line = join(
        element("span", one.kind, class_=f"kind {one.kind}"),
        f" {utc(one.at)} ",
        element("code", one.deployment.id),
        f" {one.deployment.revision[:12]} {'; '.join(why)}",
    )
    if not one.commits:
        return line
    commits = [
        element("li", element("code", commit.sha[:12]), f" {utc(commit.committed_at)} {commit.subject}")
        for commit in one.commits[:MOST]
    ]
    return join(line, _details(f"{len(one.commits)} commits", commits, len(one.commits)))


def _lead(one: LeadTime) -> Markup:
    return join(
        element("strong", duration(one.seconds)),
        " ",
        element("code", one.commit.sha[:12]),
        f" {one.commit.subject} in ",
        element("code", one.deployment.id),
    )


def _outage(one: Outage) -> Markup:
    how = f"{duration(one.seconds)}: {one.recovery.how}" if one.recovery else "not over"
    return join(element("code", ", ".join(one.deployments)), f" from {utc(one.began_at)}, {how}")


def _phases(one: Measured) -> Markup:
    rows = [
        (
            phase.name,
            *(duration(value) for value in (phase.summary.median, phase.summary.p90)),
            str(phase.summary.n),
        )
        for phase in phases(one)
    ]
    if not rows:
        return Markup()
    return join(element("h3", "where lead time goes"), _table(("phase", "median", "p90", "n"), rows))


def _levels() -> Markup:
    rows = [(name, *words) for name, words in levels.TABLE.items()]
    head = (f"{levels.YEAR}", "elite", "high", "medium", "low")
    return element(
        "section",
        element("h2", "What others answered"),
        element(
            "p", f"{levels.CAVEAT}. No grade for all of it. Scores: {levels.INDUSTRY_SOURCE}.", class_="small"
        ),
        _table(head, rows),
    )


def _notes(report: Report) -> Markup:
    rows = [element("li", f"{note.source} {note.id}: {note.reason}") for note in report.notes[:MOST]]
    summary = f"{len(report.notes)} notes on what could not be used or had to be assumed"
    return _details(summary, rows, len(report.notes))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    return element(
        "table",
        element("thead", element("tr", *(element("th", word, scope="col") for word in head))),
        element("tbody", *(element("tr", *(element("td", word) for word in row)) for row in rows)),
    )


def _age(outage: Outage, at: float) -> str:
    return duration(max(0.0, at - outage.began_at))
