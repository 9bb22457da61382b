"""What CloudWatch would know of target groups and load balancers, from the access log: AWS/ApplicationELB.

A simulated minute lasts a second at a time scale of 60. Sums are given for the whole simulated minute at the
rate that was measured, so a threshold such as "five requests a minute" keeps its meaning.
"""

import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from local.pipeline.clock import Clock
from local.pipeline.load_balancing.access_log import Access

KEPT_S = 15 * 60.0
NAMESPACE = "AWS/ApplicationELB"
DIMENSIONS = {"LoadBalancer", "TargetGroup"}


class UnknownMetric(Exception):
    """An alarm asks for what the load balancer here does not measure."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request to a target group."""

    at: float
    status: int
    answered: bool
    response_s: float
    had_target: bool = True


def _count(matches: Callable[[Sample], bool]) -> Callable[[Iterable[Sample]], list[float]]:
    return lambda samples: [1.0 for sample in samples if matches(sample)]


MEASURES: dict[str, Callable[[Iterable[Sample]], list[float]]] = {
    "RequestCount": _count(lambda one: one.had_target),  # "where a target could be chosen"
    "HTTPCode_Target_2XX_Count": _count(lambda one: one.answered and one.status // 100 == 2),
    "HTTPCode_Target_3XX_Count": _count(lambda one: one.answered and one.status // 100 == 3),
    "HTTPCode_Target_4XX_Count": _count(lambda one: one.answered and one.status // 100 == 4),
    "HTTPCode_Target_5XX_Count": _count(lambda one: one.answered and one.status // 100 == 5),
    "TargetResponseTime": lambda samples: [one.response_s for one in samples if one.answered],
}
# what the load balancer answers in place of a target is counted for all of it only
OF_BALANCER = MEASURES | {
    "HTTPCode_ELB_5XX_Count": _count(lambda one: not one.answered and one.status // 100 == 5)
}


class Metrics:
    """Samples of the last quarter of an hour, by the full names of target group and load balancer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: dict[str, deque[Sample]] = defaultdict(deque)

    def add(self, full_names: Iterable[str], access: Access) -> None:
        """Count a request for each of these, at the time at which it was over."""
        over = access.at + access.took_s
        sample = Sample(over, access.status, access.answered, access.response_s, access.target != "-")
        with self._lock:
            for full_name in full_names:
                samples = self._samples[full_name]
                samples.append(sample)
                while samples[0].at < over - KEPT_S:
                    samples.popleft()

    def statistic(
        self, name: str, dimensions: Mapping[str, str], statistic: str, begin: float, end: float
    ) -> float | None:
        """A metric's statistic over real times; None where there is no datapoint. Raises UnknownMetric."""
        if not dimensions or dimensions.keys() - DIMENSIONS:
            said = ", ".join(dimensions) or "none"
            raise UnknownMetric(
                f"{name}: expected the dimensions LoadBalancer and TargetGroup, or one of them, found {said}"
            )
        measures = MEASURES if "TargetGroup" in dimensions else OF_BALANCER
        if name not in measures:
            raise UnknownMetric(f"{name}: expected one of {', '.join(measures)}")
        of = dimensions.get("TargetGroup") or dimensions["LoadBalancer"]
        values = measures[name](self.samples(of, begin, end))
        return _apply(statistic, values, self._clock.scale)

    def samples(self, full_name: str, begin: float, end: float) -> list[Sample]:
        """The requests to a target group that ended in [begin, end)."""
        with self._lock:
            kept = self._samples.get(full_name, ())
            return [sample for sample in kept if begin <= sample.at < end]


def _apply(statistic: str, values: list[float], scale: float) -> float | None:
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
