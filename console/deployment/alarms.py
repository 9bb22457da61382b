"""The alarms that stop a deployment: their limits, and when they rang while it ran.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from console.shared.aws import Aws, pages_of

Kind = Literal["latency", "failures", ""]
LATENCY, FAILURES = "TargetResponseTime", "HTTPCode_Target_5XX_Count"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm, its limit in the unit of the page's charts, and its spans in the state ALARM."""

    name: str
    kind: Kind
    target_group: str  # of which it watches the metrics; "" for those of the load balancer
    limit: float
    datapoints: str  # how many bad periods make it ring, such as "2 of 3"
    rang: tuple[tuple[float, float | None], ...] = ()  # (from, until) in epoch seconds

    @property
    def began_s(self) -> float | None:
        """When it rang for the first time; None when it did not."""
        return self.rang[0][0] if self.rang else None


def alarms_of(aws: Aws, names: Sequence[str], start_s: float, end_s: float) -> list[Alarm]:
    """Return the alarms with their spans of ringing between two times (epoch seconds); raises AwsError."""
    if not names:
        return []
    # who stands in for CodeDeploy stands in for the alarms that stop its deployments
    endpoint = aws.client("codedeploy").meta.endpoint_url if aws.is_stand_in("codedeploy") else None
    client = aws.client("cloudwatch", endpoint)
    described = pages_of(client, "describe_alarms", "MetricAlarms", AlarmNames=list(names))
    changes = pages_of(
        client,
        "describe_alarm_history",
        "AlarmHistoryItems",
        HistoryItemType="StateUpdate",
        StartDate=datetime.fromtimestamp(start_s, UTC),
        EndDate=datetime.fromtimestamp(end_s, UTC),
        ScanBy="TimestampAscending",
    )
    by_name: dict[str, list[tuple[float, str]]] = {}
    for item in changes:
        by_name.setdefault(item["AlarmName"], []).append((item["Timestamp"].timestamp(), _new_state(item)))
    return [alarm_of(answer, sorted(by_name.get(answer["AlarmName"], []))) for answer in described]


def alarm_of(answer: Mapping[str, Any], changes: Sequence[tuple[float, str]]) -> Alarm:
    """Return an entry of DescribeAlarms with its changes, (epoch seconds, new state) in order."""
    metrics = [entry["MetricStat"]["Metric"] for entry in answer.get("Metrics", ()) if "MetricStat" in entry]
    metrics = metrics or [answer]
    names = {metric.get("MetricName", "") for metric in metrics}
    kind: Kind = "latency" if LATENCY in names else "failures" if FAILURES in names and len(names) > 1 else ""
    groups = {
        dimension["Value"].split("/")[1]
        for metric in metrics
        for dimension in metric.get("Dimensions", ())
        if dimension["Name"] == "TargetGroup" and "/" in dimension["Value"]
    }
    periods = answer.get("EvaluationPeriods", 1)
    return Alarm(
        name=answer["AlarmName"],
        kind=kind,
        target_group=next(iter(groups), ""),
        limit=float(answer.get("Threshold") or 0.0) * (1000 if kind == "latency" else 1),
        datapoints=f"{answer.get('DatapointsToAlarm') or periods} of {periods}",
        rang=_spans(changes),
    )


def limit_of(alarms: Sequence[Alarm], kind: Kind, target_group: str = "") -> float | None:
    """Return the limit of the alarm of that kind on a target group, else on any; None without one."""
    of_kind = [alarm for alarm in alarms if alarm.kind == kind]
    of_group = [alarm for alarm in of_kind if alarm.target_group == target_group] or of_kind
    return of_group[0].limit if of_group else None


def _spans(changes: Sequence[tuple[float, str]]) -> tuple[tuple[float, float | None], ...]:
    spans: list[tuple[float, float | None]] = []
    for at_s, state in changes:
        if state == "ALARM" and (not spans or spans[-1][1] is not None):
            spans.append((at_s, None))
        elif state != "ALARM" and spans and spans[-1][1] is None:
            spans[-1] = (spans[-1][0], at_s)
    return tuple(spans)


def _new_state(item: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(item.get("HistoryData") or "{}")["newState"]["stateValue"])
    except (ValueError, KeyError, TypeError):
        return ""
