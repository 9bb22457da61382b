"""Evaluates an alarm as CloudWatch does: M out of the last N periods, with missing data as the alarm says.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.pipeline.architecture import ArchitectureError
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.metric_math import COMPARE, Value, evaluate, metric_ids
from local.pipeline.cloudwatch.metrics import NAMESPACE, Metrics, UnknownMetric

SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
SETTLE_S = 0.3  # real: log lines of a period that has just ended may still arrive
# CloudWatch looks further back than the evaluation periods, so that an older datapoint fills a gap before
# TreatMissingData does. It does not say how far; in its examples it is by two periods.
EXTRA_PERIODS = 2
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


class AlarmError(ArchitectureError):
    """An alarm can't be evaluated here; the message names the alarm and the property."""


@dataclass(frozen=True, slots=True)
class AlarmState:
    """OK, ALARM or INSUFFICIENT_DATA, the reason, and the values of the periods, oldest first."""

    value: str
    reason: str
    datapoints: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """The alarm goes off when `datapoints_to_alarm` of `periods` datapoints are beyond the threshold."""

    sign: str
    threshold: float
    periods: int
    datapoints_to_alarm: int
    missing: str  # TreatMissingData


def evaluate_alarm(
    alarm: Mapping[str, Any], metrics: Metrics, clock: Clock, now: float, previous: str = "OK"
) -> AlarmState:
    """Return the state at `now` (epoch seconds) of an alarm, given by its CloudFormation properties.

    `previous` is its state before. Raises AlarmError, UnknownMetric and MathError.
    """
    rule = _rule(alarm)
    period_s = clock.real_s(_period_s(alarm))
    last_end = math.floor((now - SETTLE_S) / period_s) * period_s
    ends = [last_end - period_s * back for back in reversed(range(rule.periods + EXTRA_PERIODS))]
    return state_of(tuple(_value(alarm, metrics, end - period_s, end) for end in ends), rule, previous)


def state_of(datapoints: tuple[Value, ...], rule: AlarmRule, previous: str) -> AlarmState:
    """Return the state that follows from datapoints, oldest first, with None where there is none."""
    values = [value for value in datapoints if value is not None][-rule.periods :]
    breaching = sum(COMPARE[rule.sign](value, rule.threshold) for value in values)
    gaps = rule.periods - len(values)
    if not values and rule.missing == "missing":
        return AlarmState("INSUFFICIENT_DATA", "no datapoints were received", datapoints)
    # With gaps left out, an alarm goes off when all datapoints breach and the oldest is old enough
    if gaps and values and rule.missing == "missing" and breaching == len(values):
        if _age(datapoints) >= rule.datapoints_to_alarm:
            breaching = max(breaching, rule.datapoints_to_alarm)
        if breaching < rule.datapoints_to_alarm:
            return AlarmState(previous, "too few datapoints to leave the state", datapoints)
    if (
        gaps
        and rule.missing == "ignore"
        and breaching == len(values)
        and breaching < rule.datapoints_to_alarm
    ):
        return AlarmState(previous, "too few datapoints were received; the state was kept", datapoints)
    if rule.missing == "breaching":
        breaching += gaps
    reason = f"{breaching} out of the last {rule.periods} datapoints {rule.sign} {rule.threshold:g}"
    return AlarmState("ALARM" if breaching >= rule.datapoints_to_alarm else "OK", reason, datapoints)


def _age(datapoints: tuple[Value, ...]) -> int:
    """How many periods ago the oldest datapoint was."""
    return len(datapoints) - next(index for index, value in enumerate(datapoints) if value is not None)


def _rule(alarm: Mapping[str, Any]) -> AlarmRule:
    name, periods = alarm["AlarmName"], int(alarm["EvaluationPeriods"])
    sign = SIGNS.get(alarm["ComparisonOperator"])
    missing = alarm.get("TreatMissingData", "missing")
    if not sign or "Threshold" not in alarm:
        raise AlarmError(f"{name}: ComparisonOperator {alarm['ComparisonOperator']} is not understood")
    if missing not in TREATMENTS:
        raise AlarmError(f"{name}: TreatMissingData {missing!r}, expected one of {', '.join(TREATMENTS)}")
    return AlarmRule(
        sign=sign,
        threshold=float(alarm["Threshold"]),
        periods=periods,
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm", periods)),
        missing=missing,
    )


def _period_s(alarm: Mapping[str, Any]) -> float:
    if "Period" in alarm:
        return float(alarm["Period"])
    periods = {query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query}
    if len(periods) != 1:
        raise AlarmError(f"{alarm['AlarmName']}: its metrics have several periods: {sorted(periods)}")
    return float(periods.pop())


def _value(alarm: Mapping[str, Any], metrics: Metrics, begin: float, end: float) -> Value:
    """The alarm's value in one period."""
    if "MetricName" in alarm:
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "")
        return _measured(alarm, statistic, metrics, begin, end)
    returned = [query["Id"] for query in alarm["Metrics"] if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise AlarmError(f"{alarm['AlarmName']}: expected one metric with ReturnData, found {len(returned)}")
    queries, values = {query["Id"]: query for query in alarm["Metrics"]}, dict[str, Value]()

    def compute(query_id: str, dependents: tuple[str, ...]) -> None:
        """Put a query's value into `values`, after those of the queries that its expression names."""
        if query_id in dependents:
            circle = " → ".join((*dependents, query_id))
            raise AlarmError(f"{alarm['AlarmName']}: expressions go in a circle: {circle}")
        if stat := queries[query_id].get("MetricStat"):
            values[query_id] = _measured(stat["Metric"], stat["Stat"], metrics, begin, end)
            return
        expression = queries[query_id].get("Expression", "")
        for dependency in sorted(metric_ids(expression) & queries.keys() - values.keys()):
            compute(dependency, (*dependents, query_id))
        values[query_id] = evaluate(expression, values)

    compute(returned[0], ())
    return values[returned[0]]


def _measured(metric: Mapping[str, Any], statistic: str, metrics: Metrics, begin: float, end: float) -> Value:
    if metric.get("Namespace") != NAMESPACE:
        raise UnknownMetric(f"{metric.get('Namespace')} {metric['MetricName']}: only {NAMESPACE} is measured")
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])}
    return metrics.statistic(metric["MetricName"], dimensions, statistic, begin, end)
