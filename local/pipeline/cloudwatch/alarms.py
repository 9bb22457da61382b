"""Evaluates the templates' alarms as CloudWatch documents it: M of the last N periods, missing data as told.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.metric_math import COMPARE, Value, evaluate, ids
from local.pipeline.cloudwatch.metrics import NAMESPACE, Metrics, UnknownMetric

SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
SETTLE_S = 0.3  # real: log lines of a period that ended may still be on their way
# CloudWatch looks further back than the evaluation periods, so that a gap is filled by an older datapoint
# before it is by TreatMissingData; how far it does not say, in its examples it is by two
MORE_PERIODS = 2
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


class AlarmError(Exception):
    """An alarm that can't be evaluated here; names alarm and property."""


@dataclass(frozen=True, slots=True)
class State:
    """OK, ALARM or INSUFFICIENT_DATA, why, and the values of the periods, oldest first."""

    value: str
    reason: str
    datapoints: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When an alarm goes off: `needed` of `count` datapoints beyond the threshold."""

    sign: str
    threshold: float
    count: int
    needed: int
    missing: str


def judge(alarm: Mapping[str, Any], metrics: Metrics, clock: Clock, now: float, last: str = "OK") -> State:
    """The state of an alarm of the templates at a moment (epoch seconds); `last` is its state before.

    Raises AlarmError, metrics.UnknownMetric, metric_math.MathError."""
    rule = _rule(alarm)
    period_s = clock.real_s(_period(alarm))
    end = math.floor((now - SETTLE_S) / period_s) * period_s
    ends = [end - period_s * back for back in reversed(range(rule.count + MORE_PERIODS))]
    return decide(tuple(_value(alarm, metrics, one - period_s, one) for one in ends), rule, last)


def decide(points: tuple[Value, ...], rule: Rule, last: str) -> State:
    """What the datapoints of the evaluation range come to, oldest first, None where there is none."""
    real = [point for point in points if point is not None][-rule.count :]
    breaching = sum(COMPARE[rule.sign](point, rule.threshold) for point in real)
    gaps = rule.count - len(real)
    if not real and rule.missing == "missing":
        return State("INSUFFICIENT_DATA", "no datapoints were received", points)
    # With datapoints left out, only breaching ones in sight and the oldest of them old enough, it is an alarm
    if gaps and real and rule.missing == "missing" and breaching == len(real):
        breaching = max(breaching, rule.needed) if _age(points) >= rule.needed else breaching
        if breaching < rule.needed:
            return State(last, "too few datapoints to leave the state", points)
    if gaps and rule.missing == "ignore" and breaching == len(real) and breaching < rule.needed:
        return State(last, "too few datapoints were received; the state was kept", points)
    if rule.missing == "breaching":
        breaching += gaps
    words = f"{breaching} out of the last {rule.count} datapoints {rule.sign} {rule.threshold:g}"
    return State("ALARM" if breaching >= rule.needed else "OK", words, points)


def _age(points: tuple[Value, ...]) -> int:
    """How many periods ago the oldest datapoint was."""
    return len(points) - next(index for index, point in enumerate(points) if point is not None)


def _rule(alarm: Mapping[str, Any]) -> Rule:
    name, count = alarm["AlarmName"], int(alarm["EvaluationPeriods"])
    sign = SIGNS.get(alarm["ComparisonOperator"])
    missing = alarm.get("TreatMissingData", "missing")
    if not sign or "Threshold" not in alarm:
        raise AlarmError(f"{name}: ComparisonOperator {alarm['ComparisonOperator']} is not understood")
    if missing not in TREATMENTS:
        raise AlarmError(f"{name}: TreatMissingData {missing!r}, expected one of {', '.join(TREATMENTS)}")
    return Rule(
        sign=sign,
        threshold=float(alarm["Threshold"]),
        count=count,
        needed=int(alarm.get("DatapointsToAlarm", count)),
        missing=missing,
    )


def _period(alarm: Mapping[str, Any]) -> float:
    if "Period" in alarm:
        return float(alarm["Period"])
    periods = {one["MetricStat"]["Period"] for one in alarm["Metrics"] if "MetricStat" in one}
    if len(periods) != 1:
        raise AlarmError(f"{alarm['AlarmName']}: its metrics have several periods: {sorted(periods)}")
    return float(periods.pop())


def _value(alarm: Mapping[str, Any], metrics: Metrics, begin: float, end: float) -> Value:
    if "MetricName" in alarm:
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "")
        return _measured(alarm, statistic, metrics, begin, end)
    shown = [one["Id"] for one in alarm["Metrics"] if one.get("ReturnData", True)]
    if len(shown) != 1:
        raise AlarmError(f"{alarm['AlarmName']}: expected one metric with ReturnData, found {len(shown)}")
    queries, values = {one["Id"]: one for one in alarm["Metrics"]}, dict[str, Value]()

    def find(key: str, asked: tuple[str, ...]) -> None:
        """The value of this id, after those of the ids that its expression names, in whatever order."""
        if key in asked:
            circle = " → ".join((*asked, key))
            raise AlarmError(f"{alarm['AlarmName']}: expressions go in a circle: {circle}")
        if stat := queries[key].get("MetricStat"):
            values[key] = _measured(stat["Metric"], stat["Stat"], metrics, begin, end)
            return
        expression = queries[key].get("Expression", "")
        for one in sorted(ids(expression) & queries.keys() - values.keys()):
            find(one, (*asked, key))
        values[key] = evaluate(expression, values)

    find(shown[0], ())
    return values[shown[0]]


def _measured(metric: Mapping[str, Any], statistic: str, metrics: Metrics, begin: float, end: float) -> Value:
    if metric.get("Namespace") != NAMESPACE:
        raise UnknownMetric(f"{metric.get('Namespace')} {metric['MetricName']}: only {NAMESPACE} is measured")
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
    return metrics.statistic(metric["MetricName"], dimensions, statistic, begin, end)
