"""What the load balancer measured of blue's and green's target groups: requests, failures, response times.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections.abc import Mapping, Sequence

from console.shared.aws import Aws
from console.shared.chart import Chart, Dimensions, Line, Point, Query, list_dimensions, over_range, points

NAMESPACE = "AWS/ApplicationELB"
METRICS = (
    ("RequestCount", "Sum"),
    ("HTTPCode_Target_5XX_Count", "Sum"),
    ("TargetResponseTime", "p95"),
)
OWN_ERRORS = ("HTTPCode_ELB_5XX_Count", "Sum")  # where no target answered; counted for the whole balancer
REQUESTS, FAILED, P95 = "Requests", "Requests that failed (5xx)", "Response time, p95"
FINE_S, COARSE_S = 5, 60
SHORT_S = 10 * 60.0  # AWS's balancers publish a point a minute, and no deployment there is shorter


def charts(aws: Aws, groups: Mapping[str, str], start_s: float, end_s: float) -> list[Chart]:
    """Return four charts with a line for each of `groups`, label → target group's name; raises AwsError."""
    period_s = FINE_S if end_s - start_s <= SHORT_S else COARSE_S
    measured = _dimensions_of(aws, groups)
    if not measured:
        return []
    balancer = {"LoadBalancer": next(iter(measured.values()))["LoadBalancer"]}
    queries: list[Query] = [(names, *metric) for names in measured.values() for metric in METRICS]
    queries.append((balancer, *OWN_ERRORS))
    *answers, own_errors = points(aws, NAMESPACE, queries, start_s, end_s, period_s)
    *totals, own_total = over_range(aws, NAMESPACE, queries, start_s, end_s, period_s)
    requests, failed, p95 = list[Line](), list[Line](), list[Line]()
    for number, label in enumerate(measured):
        counts, errors, seconds = answers[3 * number : 3 * number + 3]
        total, failures, p95_s = (value or 0.0 for value in totals[3 * number : 3 * number + 3])
        group, share = groups[label], 100 * failures / (total or 1.0)
        in_ms = [(when_s, value * 1000) for when_s, value in seconds]
        requests.append(Line(label, group, counts, f"{total:,.0f} in all"))
        failed.append(Line(label, group, percent(counts, errors), f"{share:.3g} % of {total:,.0f}", share))
        p95.append(Line(label, group, in_ms, f"{p95_s * 1000:,.4g} ms, n = {total:,.0f}", 1000 * p95_s))
    unit = "a minute" if period_s == COARSE_S else f"in {period_s} s"
    by_title = (
        (REQUESTS, unit, requests),
        (FAILED, "%", failed),
        (P95, "ms", p95),
        (
            "5xx in a target's place",
            unit,
            [Line("load balancer", "", own_errors, f"{own_total or 0:,.0f} in all")],
        ),
    )
    return [
        Chart(title, unit, [line for line in lines if line.points], start_s - period_s, end_s, period_s)
        for title, unit, lines in by_title
    ]


def value_of(charts: Sequence[Chart], title: str, label: str) -> float | None:
    """Return the value over the whole range of a line in the chart with that title; None without one."""
    lines = [line for chart in charts if chart.title == title for line in chart.lines if line.label == label]
    return lines[0].value if lines else None


def percent(requests: list[Point], failed: list[Point]) -> list[Point]:
    """Return the share of failed requests in percent; no point where there were no requests."""
    failures = dict(failed)
    return [(when_s, 100 * failures.get(when_s, 0.0) / count) for when_s, count in requests if count]


def _dimensions_of(aws: Aws, groups: Mapping[str, str]) -> dict[str, Dimensions]:
    """The dimensions of each group's metrics, by label: they hold the group's full name."""
    by_name = {
        (*names["TargetGroup"].split("/"), "")[1]: names  # targetgroup/name/id
        for names in list_dimensions(aws, NAMESPACE, "RequestCount", ["TargetGroup"])
        if names.keys() == {"LoadBalancer", "TargetGroup"}
    }
    return {label: by_name[name] for label, name in groups.items() if name in by_name}
