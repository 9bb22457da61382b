"""Evaluates the templates' alarms as CloudWatch documents it: M of the last N periods, missing data as told.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.pipeline.clock import Clock
from local.pipeline.metric_math import COMPARE, Value, evaluate
from local.pipeline.metrics import Metrics

SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
SETTLE_S = 0.3  # real: log lines of a period that ended may still be on their way


class AlarmError(Exception):
    """An alarm that can't be evaluated here; names alarm and property."""


@dataclass(frozen=True, slots=True)
class State:
    """OK, ALARM or INSUFFICIENT_DATA, why, and the values of the periods, oldest first."""

    value: str
    reason: str
    datapoints: tuple[Value, ...] = ()


def judge(alarm: Mapping[str, Any], metrics: Metrics, clock: Clock, now: float, last: str = "OK") -> State:
    """The state of an alarm of the templates at a moment (epoch seconds); `last` is its state before.

    Raises AlarmError, metrics.UnknownMetric, metric_math.MathError."""
    period_s = clock.real_s(_period(alarm))
    count = int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm", count))
    end = math.floor((now - SETTLE_S) / period_s) * period_s
    ends = [end - period_s * back for back in reversed(range(count))]
    points = tuple(_value(alarm, metrics, one - period_s, one) for one in ends)
    sign = SIGNS.get(alarm["ComparisonOperator"])
    if not sign:
        raise AlarmError(
            f"{alarm['AlarmName']}: ComparisonOperator {alarm['ComparisonOperator']} is not understood"
        )
    threshold = float(alarm["Threshold"])
    missing = alarm.get("TreatMissingData", "missing")
    return _decide(points, sign, threshold, needed, missing, last)


def _decide(
    points: tuple[Value, ...], sign: str, threshold: float, needed: int, missing: str, last: str
) -> State:
    real = [point for point in points if point is not None]
    if not real:
        match missing:
            case "missing":
                return State("INSUFFICIENT_DATA", "no datapoints were received", points)
            case "ignore":
                return State(last, "no datapoints were received; the state was kept", points)
    breaching = sum(COMPARE[sign](point, threshold) for point in real)
    if missing == "breaching":
        breaching += len(points) - len(real)
    words = f"{breaching} out of the last {len(points)} datapoints {sign} {threshold:g}"
    return State("ALARM" if breaching >= needed else "OK", words, points)


def _period(alarm: Mapping[str, Any]) -> float:
    if "Period" in alarm:
        return float(alarm["Period"])
    periods = {one["MetricStat"]["Period"] for one in alarm["Metrics"] if "MetricStat" in one}
    if len(periods) != 1:
        raise AlarmError(f"{alarm['AlarmName']}: its metrics have several periods: {sorted(periods)}")
    return float(periods.pop())


def _value(alarm: Mapping[str, Any], metrics: Metrics, begin: float, end: float) -> Value:
    if "MetricName" in alarm:
        statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        return metrics.statistic(alarm["MetricName"], _dimensions(alarm), statistic, begin, end)
    values: dict[str, Value] = {}
    for one in alarm["Metrics"]:
        if "MetricStat" in one:
            metric = one["MetricStat"]["Metric"]
            values[one["Id"]] = metrics.statistic(
                metric["MetricName"], _dimensions(metric), one["MetricStat"]["Stat"], begin, end
            )
    expressions = [one for one in alarm["Metrics"] if "Expression" in one]
    for one in expressions:
        values[one["Id"]] = evaluate(one["Expression"], values)
    shown = [one["Id"] for one in alarm["Metrics"] if one.get("ReturnData", True)]
    if len(shown) != 1:
        raise AlarmError(f"{alarm['AlarmName']}: expected one metric with ReturnData, found {len(shown)}")
    return values[shown[0]]


def _dimensions(metric: Mapping[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
