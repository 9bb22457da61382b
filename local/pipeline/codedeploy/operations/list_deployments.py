"""ListDeployments."""

from typing import Any

from local.pipeline.codedeploy.operations._parts import Parts
from local.pipeline.paging import paged


def answer(request: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Ids, the newest first."""
    group, statuses = request.get("deploymentGroupName"), request.get("includeOnlyStatuses")
    application = request.get("applicationName") or ""
    if application or group:
        parts.deployments.group(application, group or next(iter(parts.architecture.groups)))
    times = request.get("createTimeRange") or {}
    found = [
        one.id
        for one in reversed(parts.deployments.all())
        if group in (None, one.group)
        and (not statuses or one.status in statuses)
        and (times.get("start") or 0) <= one.created <= (times.get("end") or float("inf"))
    ]
    page, token = paged(found, 100, request.get("nextToken"))
    return {"deployments": page, "nextToken": token}
