"""DescribeAlarmHistory."""

import json
from typing import Any

from local.pipeline.cloudwatch.operations._parts import Parts
from local.pipeline.paging import page_of

MOST = 100
STATE_UPDATE = "StateUpdate"  # the only kind of change: the templates' alarms are not edited here


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the state changes of the alarms, the newest first unless the other order is asked for."""
    alarm, begin, end = request.get("AlarmName"), request.get("StartDate"), request.get("EndDate")
    changes = [
        change
        for change in parts.alarms.changes()
        if (not alarm or change["detail"]["alarmName"] == alarm)
        and (begin is None or _instant(change) >= begin)
        and (end is None or _instant(change) <= end)
    ]
    if request.get("HistoryItemType") not in (None, STATE_UPDATE):
        changes = []
    if request.get("ScanBy") != "TimestampAscending":
        changes.reverse()
    page, token = page_of(changes, request.get("MaxRecords") or MOST, request.get("NextToken"))
    return {"AlarmHistoryItems": [_entry(change) for change in page], "NextToken": token}


def _instant(change: dict[str, Any]) -> float:
    at: float = change["detail"]["lantern-rehearsal"]["time"]  # the event's own is a whole second
    return at


def _time_scale(change: dict[str, Any]) -> dict[str, Any]:
    return {"time-scale": change["detail"]["lantern-rehearsal"]["time-scale"]}


def _entry(change: dict[str, Any]) -> dict[str, Any]:
    detail = change["detail"]
    old, new = detail["previousState"], detail["state"]
    states = {"oldState": old, "newState": new}
    data = {
        name: {"stateValue": state["value"], "stateReason": state["reason"]} for name, state in states.items()
    }
    return {
        "AlarmName": detail["alarmName"],
        "AlarmType": "MetricAlarm",
        "Timestamp": _instant(change),
        "HistoryItemType": STATE_UPDATE,
        "HistorySummary": f"Alarm updated from {old['value']} to {new['value']}",
        "HistoryData": json.dumps({"version": "1.0", **data, "lantern-rehearsal": _time_scale(change)}),
    }
