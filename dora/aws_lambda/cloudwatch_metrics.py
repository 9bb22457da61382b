"""A report as CloudWatch metrics: the five figures of each service and window, and each figure's n."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, RECOVERY, REWORK_RATE, SHARE, Report, ServiceMetrics
from dora.times import DAY_S

NAMESPACE = "Lantern/DORA"
FIGURES = {
    LEAD_TIME: ("ChangeLeadTime", "Seconds"),
    FREQUENCY: ("DeploymentFrequency", "None"),  # deployments a day
    FAIL_RATE: ("ChangeFailRate", "Percent"),
    RECOVERY: ("RecoveryTime", "Seconds"),
    REWORK_RATE: ("ReworkRate", "Percent"),
}
# The n of each figure; the two rates have the same n as the frequency
COUNTS = {FREQUENCY: "Deployments", LEAD_TIME: "CommitsMeasured", RECOVERY: "Recoveries"}
COMPUTED = "Computed"
AT_ONCE = 500  # PutMetricData takes a thousand


def window_name(days: int) -> str:
    """The value of the dimension Window, and the id of a report in the table: `30d`."""
    return f"{days}d"


def metric_data(report: Report) -> Iterator[dict[str, Any]]:
    """The metric data of a report, as PutMetricData takes them.

    A figure without a value has no datum, because no data is not zero; its n has one."""
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


def _values(measured: ServiceMetrics) -> Iterator[tuple[str, float, str]]:
    for key, (name, unit) in FIGURES.items():
        figure = measured.figures[key]
        if figure.value is not None:
            yield name, figure.value * 100 if figure.unit == SHARE else figure.value, unit
    for key, name in COUNTS.items():
        yield name, float(measured.figures[key].n), "Count"


def publish(client: Any, data: Iterable[dict[str, Any]]) -> int:
    """Send metric data to CloudWatch; returns how many."""
    data = list(data)
    for start in range(0, len(data), AT_ONCE):
        client.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + AT_ONCE])
    return len(data)


def computed(at: float) -> dict[str, Any]:
    """The metric datum that is sent last; an alarm rings when it stays away."""
    return {
        "MetricName": COMPUTED,
        "Timestamp": datetime.fromtimestamp(at, UTC),
        "Value": 1.0,
        "Unit": "Count",
    }
