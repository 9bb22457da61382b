"""Embedded metrics out of log lines, aggregated until they are sent.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MINUTE_MS = 60_000
VALUES_AT_ONCE = 150  # PutMetricData's limit for one datum
MAX_SERIES = 5_000

# namespace, dimensions, name, unit, minute
Series = tuple[str, tuple[tuple[str, str], ...], str, str, int]


class Malformed(Exception):
    """A line says that it carries metrics, and does not."""


class Metrics:
    """Values by series and minute; a value is kept to two digits, which is what a percentile needs."""

    def __init__(self) -> None:
        self._values: dict[Series, Counter[float]] = {}

    def read(self, fields: dict[str, Any], time_ms: int) -> None:
        """Take the metrics of a line that has `_aws`; raises Malformed."""
        try:
            for directive in fields["_aws"]["CloudWatchMetrics"]:
                for names in directive["Dimensions"]:
                    dimensions = tuple((name, str(fields[name])) for name in names)
                    for metric in directive["Metrics"]:
                        found = fields[metric["Name"]]
                        for value in found if isinstance(found, list) else [found]:
                            unit = metric.get("Unit", "None")
                            self.add(
                                directive["Namespace"],
                                dimensions,
                                metric["Name"],
                                unit,
                                float(value),
                                time_ms,
                            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(f"{type(error).__name__}: {error}") from None

    def add(
        self,
        namespace: str,
        dimensions: tuple[tuple[str, str], ...],
        name: str,
        unit: str,
        value: float,
        time_ms: int,
    ) -> None:
        """Count one value."""
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
        series = (namespace, dimensions, name, unit, time_ms // MINUTE_MS)
        if series in self._values or len(self._values) < MAX_SERIES:
            self._values.setdefault(series, Counter())[
                float(f"{value:.2g}" if unit == "Milliseconds" else value)
            ] += 1

    def take(self) -> "Metrics":
        """What was counted so far; counting begins anew."""
        taken = Metrics()
        taken._values, self._values = self._values, {}
        return taken

    def give_back(self, taken: "Metrics") -> None:
        """What could not be sent is sent with the next."""
        for series, values in taken._values.items():
            if series in self._values or len(self._values) < MAX_SERIES:
                self._values.setdefault(series, Counter()).update(values)

    def data(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """A namespace and a `MetricData` entry, as often as PutMetricData's limits ask."""
        for (namespace, dimensions, name, unit, minute), values in self._values.items():
            pairs = sorted(values.items())
            for start in range(0, len(pairs), VALUES_AT_ONCE):
                some = pairs[start : start + VALUES_AT_ONCE]
                yield (
                    namespace,
                    {
                        "MetricName": name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                        "Timestamp": datetime.fromtimestamp(minute * MINUTE_MS / 1000, UTC),
                        "Unit": unit,
                        "Values": [value for value, _ in some],
                        "Counts": [float(count) for _, count in some],
                    },
                )
