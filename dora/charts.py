"""The pictures of the HTML report as SVG: a metric's trend, and a timeline of deployments by class."""

from collections.abc import Sequence
from itertools import pairwise

from dora import formatting
from dora.classification import ClassifiedDeployment
from dora.markup import Markup, element, join
from dora.metrics import Figure, ServiceMetrics
from dora.times import DAY_S, utc
from dora.windows import Window

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 120, 70, 12, 12, 22
TREND_WIDTH = 300  # a trend stands in a card
MOST_MARKS = 2000
ROWS = {"ok": 26, "failed": 52, "blocked": 78}


def trend(points: Sequence[tuple[Window, Figure]]) -> Markup:
    """A line with a point for each stretch of the window; a stretch without data breaks it."""
    known = [figure.value for _, figure in points if figure.value is not None]
    name = points[0][1].name
    if not known:
        return element("p", f"no data in any stretch of the window: {points[0][1].reason}", class_="none")
    highest = max(known) or 1.0
    start, end = points[0][0].start, points[-1][0].end
    places = [
        (
            _x((stretch.start + stretch.end) / 2, start, end, TREND_WIDTH),
            _y(figure.value, highest),
            stretch,
            figure,
        )
        for stretch, figure in points
    ]
    dots = [
        element("circle", _title(stretch, figure), cx=f"{x:.1f}", cy=f"{y:.1f}", r=3.5, class_="dot")
        for x, y, stretch, figure in places
        if y is not None
    ]
    lines = [
        element("line", x1=f"{x:.1f}", y1=f"{y:.1f}", x2=f"{nx:.1f}", y2=f"{ny:.1f}", class_="trend")
        for (x, y, *_), (nx, ny, *_) in pairwise(places)
        if y is not None and ny is not None
    ]
    top = formatting.value(next(figure for _, figure in points if figure.value == max(known)))
    labels = (_label(LEFT - 6, TOP + 6, top, "end"), _label(LEFT - 6, HEIGHT - BOTTOM, "0", "end"))
    return _svg(f"Trend of {name}", TREND_WIDTH, *_axis(start, end, TREND_WIDTH), *labels, *lines, *dots)


def timeline(measured: ServiceMetrics) -> Markup:
    """A row of marks for each class of deployments, with the outages as bars."""
    start, end = measured.window.start, measured.window.end
    shown = sorted((*measured.counted, *measured.blocked), key=lambda deployment: deployment.at)[-MOST_MARKS:]
    rows = [_label(LEFT - 6, y + 4, name, "end") for name, y in ROWS.items()]
    bars = []
    for outage in (
        *measured.outages,
        *(outage for outage in measured.open_outages if outage.began_at < start),
    ):
        until = min(outage.recovery.at, end) if outage.recovery else end
        x, until_x = _x(max(outage.began_at, start), start, end), _x(until, start, end)
        words = element("title", f"outage of {', '.join(outage.deployments)} from {utc(outage.began_at)}")
        width = f"{max(2.0, until_x - x):.1f}"
        bars.append(element("rect", words, x=f"{x:.1f}", y=44, width=width, height=16, class_="outage"))
    marks = [_mark(deployment, _x(deployment.at, start, end)) for deployment in shown]
    picture = _svg(f"Deployments of {measured.service}", WIDTH, *_axis(start, end), *rows, *bars, *marks)
    count = len(measured.counted) + len(measured.blocked)
    note = (
        element("p", f"the newest {MOST_MARKS} of {count}", class_="none") if count > MOST_MARKS else Markup()
    )
    return join(picture, note)


def _mark(deployment: ClassifiedDeployment, x: float) -> Markup:
    """A mark whose shape, not only its colour, tells the class."""
    y = ROWS[deployment.kind]
    title = element("title", f"{deployment.deployment.id} {deployment.kind} {utc(deployment.at)}")
    kind = f"mark {deployment.kind}{' rework' if deployment.rework else ''}"
    if deployment.kind == "ok":
        return element("circle", title, cx=f"{x:.1f}", cy=y, r=5, class_=kind)
    if deployment.kind == "blocked":
        return element("rect", title, x=f"{x - 4.5:.1f}", y=y - 4.5, width=9, height=9, class_=kind)
    cross = f"M{x - 5:.1f} {y - 5}l10 10M{x - 5:.1f} {y + 5}l10 -10"
    return element("path", title, d=cross, class_=kind)


def _title(stretch: Window, figure: Figure) -> Markup:
    words = (
        f"{utc(stretch.start)} to {utc(stretch.end)}: {formatting.value(figure)} ({formatting.basis(figure)})"
    )
    return element("title", words)


def _x(at: float, start: float, end: float, width: int = WIDTH) -> float:
    return LEFT + (width - LEFT - RIGHT) * (at - start) / (end - start)


def _y(value: float | None, highest: float) -> float | None:
    return None if value is None else TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / highest)


def _axis(start: float, end: float, width: int = WIDTH) -> tuple[Markup, ...]:
    base = HEIGHT - BOTTOM
    return (
        element("line", x1=LEFT, y1=base, x2=width - RIGHT, y2=base, class_="axis"),
        _label(LEFT, HEIGHT - 6, _day_or_time(start, end, start), "start"),
        _label(width - RIGHT, HEIGHT - 6, _day_or_time(start, end, end), "end"),
    )


def _day_or_time(start: float, end: float, at: float) -> str:
    return utc(at)[:10] if end - start >= 2 * DAY_S else utc(at)[5:16].replace("T", " ") + "Z"


def _label(x: float, y: float, words: str, anchor: str) -> Markup:
    return element("text", words, x=x, y=y, text_anchor=anchor)


def _svg(words: str, width: int, *children: Markup) -> Markup:
    attributes = {"viewBox": f"0 0 {width} {HEIGHT}", "role": "img", "aria-label": words}
    return element("svg", *children, **attributes)
