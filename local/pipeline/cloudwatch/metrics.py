"""The metrics AWS/ApplicationELB of load balancers and target groups, measured from the access log.

At a time scale of 60 a simulated minute lasts a second. A sum is therefore multiplied by the scale, so a
threshold such as "five requests a minute" keeps its meaning.
"""

import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from local.pipeline.architecture import ArchitectureError
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.access_log import LogEntry

KEPT_S = 15 * 60.0
NAMESPACE = "AWS/ApplicationELB"
DIMENSIONS = {"LoadBalancer", "TargetGroup"}


class UnknownMetric(ArchitectureError):
    """An alarm names a metric, a dimension or a statistic that is not measured here."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request to a target group, with the time at which it ended (epoch seconds)."""

    at: float
    status: int
    answered: bool  # by the target, not by the load balancer
    response_s: float
    had_target: bool = True


Measure = Callable[[Iterable[Sample]], list[float]]


def _count(matches: Callable[[Sample], bool]) -> Measure:
    return lambda samples: [1.0 for sample in samples if matches(sample)]


TARGET_GROUP_METRICS: dict[str, Measure] = {
    "RequestCount": _count(lambda sample: sample.had_target),  # AWS counts where a target could be chosen
    "HTTPCode_Target_2XX_Count": _count(lambda sample: sample.answered and sample.status // 100 == 2),
    "HTTPCode_Target_3XX_Count": _count(lambda sample: sample.answered and sample.status // 100 == 3),
    "HTTPCode_Target_4XX_Count": _count(lambda sample: sample.answered and sample.status // 100 == 4),
    "HTTPCode_Target_5XX_Count": _count(lambda sample: sample.answered and sample.status // 100 == 5),
    "TargetResponseTime": lambda samples: [sample.response_s for sample in samples if sample.answered],
}
# AWS counts the load balancer's own answers for the load balancer only
LOAD_BALANCER_METRICS = TARGET_GROUP_METRICS | {
    "HTTPCode_ELB_5XX_Count": _count(lambda sample: not sample.answered and sample.status // 100 == 5)
}


class Metrics:
    """The samples of the last 15 minutes, by the full name of the target group or the load balancer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: dict[str, deque[Sample]] = defaultdict(deque)

    def add(self, full_names: Iterable[str], entry: LogEntry) -> None:
        """Count a request of the access log for each of these target groups and load balancers."""
        ended = entry.at + entry.total_s
        self.add_sample(
            full_names, Sample(ended, entry.status, entry.answered, entry.response_s, entry.target != "-")
        )

    def add_sample(self, full_names: Iterable[str], sample: Sample) -> None:
        """Count a request for each of these target groups and load balancers."""
        with self._lock:
            for full_name in full_names:
                samples = self._samples[full_name]
                samples.append(sample)
                while samples[0].at < sample.at - KEPT_S:
                    samples.popleft()

    def statistic(
        self, name: str, dimensions: Mapping[str, str], statistic: str, begin: float, end: float
    ) -> float | None:
        """Return a metric's statistic over [begin, end) in epoch seconds, or None where nothing was measured.

        Raises UnknownMetric.
        """
        if not dimensions or dimensions.keys() - DIMENSIONS:
            names = ", ".join(dimensions) or "none"
            raise UnknownMetric(
                f"{name}: expected the dimensions LoadBalancer and TargetGroup, or one of them, found {names}"
            )
        measures = TARGET_GROUP_METRICS if "TargetGroup" in dimensions else LOAD_BALANCER_METRICS
        if name not in measures:
            raise UnknownMetric(f"{name}: expected one of {', '.join(measures)}")
        full_name = dimensions.get("TargetGroup") or dimensions["LoadBalancer"]
        return _statistic(statistic, measures[name](self.samples(full_name, begin, end)), self._clock.scale)

    def samples(self, full_name: str, begin: float, end: float) -> list[Sample]:
        """Return the requests to a target group or load balancer that ended in [begin, end)."""
        with self._lock:
            kept = self._samples.get(full_name, ())
            return [sample for sample in kept if begin <= sample.at < end]


def _statistic(statistic: str, values: list[float], scale: float) -> float | None:
    if not values:
        return None
    match statistic:
        case "Sum":
            return sum(values) * scale
        case "SampleCount":
            return len(values) * scale
        case "Average":
            return sum(values) / len(values)
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
    if re.fullmatch(r"p(100|\d{1,2}(\.\d{1,10})?)", statistic):
        return _percentile(sorted(values), float(statistic[1:]))
    raise UnknownMetric(
        f"statistic {statistic!r}: expected Sum, SampleCount, Average, Minimum, Maximum or a percentile"
    )


def _percentile(values: list[float], percent: float) -> float:
    rank = max(0, min(len(values) - 1, -(-len(values) * percent // 100) - 1))
    return values[int(rank)]
