"""DescribeAlarms."""

from typing import Any

from local.pipeline.cloudwatch.operations._parts import Parts
from local.pipeline.paging import page_of

MOST = 100


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Return the alarms, each with its state, by name, prefix or state."""
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix") or ""
    state = request.get("StateValue")
    alarms = [
        {"AlarmName": name, "StateValue": alarm.value, "StateReason": alarm.reason}
        for name, alarm in sorted(parts.alarms.all().items())
        if name.startswith(prefix) and (not names or name in names) and state in (None, alarm.value)
    ]
    page, token = page_of(alarms, request.get("MaxRecords") or MOST, request.get("NextToken"))
    return {"MetricAlarms": page, "NextToken": token}
