"""What the load balancer measured of blue's and green's target groups: requests, failures, response times.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections.abc import Mapping

from console.aws import Aws
from console.series import Chart, Line, Measure, Point, dimensions, points, query

NAMESPACE = "AWS/ApplicationELB"
METRICS = (
    ("RequestCount", "Sum"),
    ("HTTPCode_Target_5XX_Count", "Sum"),
    ("TargetResponseTime", "p95"),
)
OWN_ERRORS = ("HTTPCode_ELB_5XX_Count", "Sum")  # where no target answered; counted for the whole balancer
FINE_S, COARSE_S = 5, 60
SHORT_S = 10 * 60.0  # AWS's balancers publish a point a minute, and no deployment there is shorter
Side = dict[str, str]  # the dimensions of a target group's metrics


def charts(aws: Aws, groups: Mapping[str, str], start_s: float, end_s: float) -> list[Chart]:
    """Four charts with a line for each of `groups`, label → target group's name; raises AwsError."""
    period_s = FINE_S if end_s - start_s <= SHORT_S else COARSE_S
    sides = _sides(aws, groups)
    if not sides:
        return []
    balancer = {"LoadBalancer": next(iter(sides.values()))["LoadBalancer"]}
    queries = [query(NAMESPACE, side, *metric, period_s) for side in sides.values() for metric in METRICS]
    queries.append(query(NAMESPACE, balancer, *OWN_ERRORS, period_s))
    values = points(aws, queries, start_s, end_s, period_s)
    requests, failed, p95 = list[Line](), list[Line](), list[Line]()
    for number, label in enumerate(sides):
        asked, errors, times = values[3 * number : 3 * number + 3]
        requests.append(Line(label, groups[label], asked))
        failed.append(Line(label, groups[label], percent(asked, errors)))
        p95.append(Line(label, groups[label], [(at, value * 1000) for at, value in times]))
    each = "a minute" if period_s == COARSE_S else f"in {period_s} s"
    drawn = (
        (Measure("Requests", each, ()), requests),
        (Measure("Requests that failed (5xx)", "%", ()), failed),
        (Measure("Response time, p95", "ms", ()), p95),
        (Measure("5xx in a target's place", each, ()), [Line("load balancer", "", values[-1])]),
    )
    return [_chart(measure, lines, start_s, end_s, period_s) for measure, lines in drawn]


def percent(requests: list[Point], failed: list[Point]) -> list[Point]:
    """The share of failed requests in percent; no point where nobody asked."""
    failures = dict(failed)
    return [(at, 100 * failures.get(at, 0.0) / count) for at, count in requests if count]


def _sides(aws: Aws, groups: Mapping[str, str]) -> dict[str, Side]:
    """Their full names stand in the metrics themselves: no other API need be asked."""
    asked = {"Namespace": NAMESPACE, "MetricName": "RequestCount", "Dimensions": [{"Name": "TargetGroup"}]}
    found: dict[str, Side] = {}
    for metric in aws.pages(aws.cloudwatch, "list_metrics", "Metrics", **asked):
        names = dimensions(metric)
        if names.keys() == {"LoadBalancer", "TargetGroup"}:
            found[(*names["TargetGroup"].split("/"), "")[1]] = names  # targetgroup/name/id
    return {label: found[name] for label, name in groups.items() if name in found}


def _chart(measure: Measure, lines: list[Line], start_s: float, end_s: float, period_s: int) -> Chart:
    drawn = [line for line in lines if line.points]
    highest = max((value for line in drawn for _, value in line.points), default=0.0)
    return Chart(measure, drawn, highest, start_s - period_s, end_s, period_s)
