"""A report as CloudWatch metrics: the five figures, and how many of what each was computed from."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, RECOVERY, REWORK_RATE, SHARE, Measured, Report
from dora.windows import DAY_S

NAMESPACE = "Lantern/DORA"
FIGURES = {
    LEAD_TIME: ("ChangeLeadTime", "Seconds"),
    FREQUENCY: ("DeploymentFrequency", "None"),  # a day
    FAIL_RATE: ("ChangeFailRate", "Percent"),
    RECOVERY: ("RecoveryTime", "Seconds"),
    REWORK_RATE: ("ReworkRate", "Percent"),
}
# The n of each figure; both rates and the frequency have the same
COUNTS = {FREQUENCY: "Deployments", LEAD_TIME: "CommitsMeasured", RECOVERY: "Recoveries"}
COMPUTED = "Computed"
AT_ONCE = 500  # PutMetricData takes a thousand


def window_name(days: int) -> str:
    """As the dimension Window and the reports' ids have it."""
    return f"{days}d"


def data(report: Report) -> Iterator[dict[str, Any]]:
    """A figure without a value has no point: no data is not zero. Its n is one all the same."""
    at = datetime.fromtimestamp(report.at, UTC)
    window = window_name(round((report.window.end - report.window.start) / DAY_S))
    for service, measured in report.services.items():
        dimensions = [{"Name": "Service", "Value": service}, {"Name": "Window", "Value": window}]
        for name, value, unit in _values(measured):
            yield {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": at,
                "Value": value,
                "Unit": unit,
            }


def _values(measured: Measured) -> Iterator[tuple[str, float, str]]:
    for key, (name, unit) in FIGURES.items():
        figure = measured.figures[key]
        if figure.value is not None:
            yield name, figure.value * 100 if figure.unit == SHARE else figure.value, unit
    for key, name in COUNTS.items():
        yield name, float(measured.figures[key].n), "Count"


def publish(client: Any, points: Iterable[dict[str, Any]]) -> int:
    """Send them; returns how many."""
    rows = list(points)
    for start in range(0, len(rows), AT_ONCE):
        client.put_metric_data(Namespace=NAMESPACE, MetricData=rows[start : start + AT_ONCE])
    return len(rows)


def computed(at: float) -> dict[str, Any]:
    """Sent last: its absence is what an alarm waits for."""
    return {
        "MetricName": COMPUTED,
        "Timestamp": datetime.fromtimestamp(at, UTC),
        "Value": 1.0,
        "Unit": "Count",
    }
