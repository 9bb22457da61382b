"""A report as one self-contained HTML file: inline style and pictures, no script, light and dark."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dora import charts, formatting
from dora import performance_levels as levels
from dora.classification import ClassifiedDeployment
from dora.lead_time import LeadTime
from dora.lead_time_phases import phases
from dora.markup import Markup, element, join
from dora.metrics import LEAD_TIME, METRICS, RECOVERY, Figure, Report, ServiceMetrics
from dora.times import duration, utc
from dora.windows import Window

STYLE = Path(__file__).with_name("report.css")
MOST = 200  # rows behind one figure
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(report: Report) -> str:
    """The report as an HTML document."""
    head = element(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        element("title", "Delivery: the five DORA metrics"),
        Markup(f"<style>{STYLE.read_text(encoding='utf-8')}</style>"),
    )
    warning, sample = formatting.scale(report.scales), formatting.made_up(report.notes)
    measured = (*report.services.values(), *([report.total] if report.total else []))
    body = element(
        "body",
        element("h1", "Delivery: the five DORA metrics"),
        element("p", sample, class_="warning") if sample else Markup(),
        element("p", f"{report.window.words()}. Made {utc(report.at)}."),
        element("p", report.coverage) if report.coverage else Markup(),
        element("p", warning, class_="warning") if warning else Markup(),
        element("p", formatting.PITFALLS, class_="small"),
        *(_service(service, report) for service in measured),
        Markup() if report.services else element("p", "no data: no deployment of any service was found"),
        _levels(),
        _notes(report),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _service(measured: ServiceMetrics, report: Report) -> Markup:
    stretches = [report.measured_in(measured, stretch) for stretch in report.covered.stretches()]
    oriented = levels.orient(measured.figures)
    still_open = [
        element("li", f"open for {formatting.age(outage, report.at)}: {', '.join(outage.deployments)}")
        for outage in measured.open_outages
    ]
    cards = [
        _card(
            measured.figures[name],
            measured,
            oriented[name],
            [(part.window, part.figures[name]) for part in stretches],
        )
        for name in METRICS
    ]
    return element(
        "section",
        element("h2", measured.service),
        charts.timeline(measured),
        element("ul", *still_open, class_="open") if still_open else Markup(),
        element("div", *cards, class_="cards"),
        _quick_check(measured),
        _phases(measured),
        _details(
            f"caught before users: {len(measured.blocked)}",
            [element("li", _deployment(blocked)) for blocked in measured.blocked[-MOST:]],
            len(measured.blocked),
        ),
        _details(
            f"incidents not caused by a change: {len(measured.unlinked)}",
            [
                element("li", f"{utc(link.incident.opened_at)} {link.incident.id}: {link.how}")
                for link in measured.unlinked[-MOST:]
            ],
            len(measured.unlinked),
        ),
    )


def _quick_check(measured: ServiceMetrics) -> Markup:
    mean = levels.mean_score(measured.figures)
    if mean is None:
        return Markup()
    industry = sum(levels.INDUSTRY.values()) / len(levels.INDUSTRY)
    words = f"DORA's quick check, answered with these figures: {mean:.1f} of 10; industry {industry:.2f}."
    return element("p", words, class_="small")


def _card(
    figure: Figure,
    measured: ServiceMetrics,
    oriented: levels.Orientation,
    points: Sequence[tuple[Window, Figure]],
) -> Markup:
    remarks = formatting.remarks(figure)
    score = f"quick check {oriented.score:.1f} of 10, " if oriented.score is not None else ""
    beside = f"{levels.YEAR}: {oriented.cluster}; " if oriented.cluster else ""
    return element(
        "article",
        element("h3", figure.name),
        element(
            "p",
            element("strong", formatting.value(figure)),
            " ",
            element("span", formatting.basis(figure), class_="basis"),
        ),
        element("p", remarks, class_="small") if remarks else Markup(),
        charts.trend(points),
        element("p", f"{beside}{score}industry mean {oriented.industry} of 10", class_="small"),
        _behind(figure, measured),
    )


def _behind(figure: Figure, measured: ServiceMetrics) -> Markup:
    """The deployments behind a figure, each with its commits."""
    if figure.name == LEAD_TIME:
        return _details(
            figure.formula, [element("li", _lead(lead)) for lead in measured.leads[-MOST:]], figure.n
        )
    if figure.name == RECOVERY:
        rows = [
            element(
                "li",
                element("code", ", ".join(outage.deployments)),
                f" from {utc(outage.began_at)}, {formatting.end_of_outage(outage)}",
            )
            for outage in measured.outages[-MOST:]
        ]
        return _details(figure.formula, rows, len(measured.outages))
    chosen = measured.deployments_behind(figure)
    rows = [element("li", _deployment(deployment)) for deployment in chosen[-MOST:]]
    return _details(figure.formula, rows, len(chosen))


def _details(summary: str, rows: Sequence[Markup], count: int) -> Markup:
    if not count:
        return element("p", summary, class_="small")
    is_cut = count > len(rows)
    note = element("p", f"the newest {len(rows)} of {count}; --json has all") if is_cut else Markup()
    return element("details", element("summary", summary), note, element("ul", *rows))


def _deployment(classified: ClassifiedDeployment) -> Markup:
    deployment, commits = classified.deployment, classified.commits
    line = join(
        element("span", classified.kind, class_=f"kind {classified.kind}"),
        f" {utc(classified.at)} ",
        element("code", deployment.id),
        f" {deployment.revision[:12]} {'; '.join(formatting.reasons_and_repairs(classified))}",
    )
    if not commits:
        return line
    rows = [
        element("li", element("code", commit.sha[:12]), f" {utc(commit.committed_at)} {commit.subject}")
        for commit in commits[:MOST]
    ]
    return join(line, _details(f"{len(commits)} commits", rows, len(commits)))


def _lead(lead: LeadTime) -> Markup:
    return join(
        element("strong", duration(lead.seconds)),
        " ",
        element("code", lead.commit.sha[:12]),
        f" {lead.commit.subject} in ",
        element("code", lead.deployment.id),
    )


def _phases(measured: ServiceMetrics) -> Markup:
    rows = [
        (
            phase.name,
            *(duration(value) for value in (phase.summary.median, phase.summary.p90)),
            str(phase.summary.n),
        )
        for phase in phases(measured)
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
    notes = formatting.count(len(report.notes), "note")
    summary = f"{notes} on what could not be used or had to be assumed"
    return _details(summary, rows, len(report.notes))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    return element(
        "table",
        element("thead", element("tr", *(element("th", word, scope="col") for word in head))),
        element("tbody", *(element("tr", *(element("td", word) for word in row)) for row in rows)),
    )
