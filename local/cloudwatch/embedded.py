"""Reads embedded metrics (EMF) from log lines and aggregates them until they are sent.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

MINUTE_MS = 60_000
VALUES_AT_ONCE = 150  # PutMetricData's limit for one datum
MAX_SERIES = 5_000


class Malformed(Exception):
    """A log line has an `_aws` field that does not follow the embedded metric format."""


class Series(NamedTuple):
    """What tells one CloudWatch metric from another."""

    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    name: str
    unit: str


class Metrics:
    """How often each value of each series occurred in each minute; milliseconds are rounded to two digits."""

    def __init__(self) -> None:
        self._values: dict[tuple[Series, int], Counter[float]] = {}

    def read(self, fields: dict[str, Any], time_ms: int) -> None:
        """Add the metrics of a log line that has an `_aws` field. Raises Malformed."""
        try:
            for directive in fields["_aws"]["CloudWatchMetrics"]:
                for names in directive["Dimensions"]:
                    dimensions = tuple((name, str(fields[name])) for name in names)
                    for metric in directive["Metrics"]:
                        name, unit = metric["Name"], metric.get("Unit", "None")
                        series = Series(directive["Namespace"], dimensions, name, unit)
                        values = fields[name] if isinstance(fields[name], list) else [fields[name]]
                        for value in values:
                            self.add(series, float(value), time_ms)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(f"{type(error).__name__}: {error}") from None

    def add(self, series: Series, value: float, time_ms: int) -> None:
        """Count one value. Raises ValueError when it is not finite."""
        if not math.isfinite(value):
            raise ValueError(f"{series.name} is {value}")
        rounded = float(f"{value:.2g}") if series.unit == "Milliseconds" else value
        self._count((series, time_ms // MINUTE_MS), Counter([rounded]))

    def take(self) -> "Metrics":
        """Return everything that was counted so far and start from nothing."""
        batch = Metrics()
        batch._values, self._values = self._values, {}
        return batch

    def add_all(self, batch: "Metrics") -> None:
        """Count again what `take` returned and could not be sent."""
        for series_minute, values in batch._values.items():
            self._count(series_minute, values)

    def data(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield namespaces and `MetricData` entries of PutMetricData, each within its limits."""
        for (series, minute), values in self._values.items():
            pairs = sorted(values.items())
            for start in range(0, len(pairs), VALUES_AT_ONCE):
                page = pairs[start : start + VALUES_AT_ONCE]
                yield (
                    series.namespace,
                    {
                        "MetricName": series.name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in series.dimensions],
                        "Timestamp": datetime.fromtimestamp(minute * MINUTE_MS / 1000, UTC),
                        "Unit": series.unit,
                        "Values": [value for value, _ in page],
                        "Counts": [float(count) for _, count in page],
                    },
                )

    def _count(self, series_minute: tuple[Series, int], values: Counter[float]) -> None:
        if series_minute in self._values or len(self._values) < MAX_SERIES:
            self._values.setdefault(series_minute, Counter()).update(values)
