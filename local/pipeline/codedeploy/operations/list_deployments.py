"""ListDeployments."""

from local.pipeline.codedeploy.operations._parts import Document, Parts
from local.pipeline.paging import page_of


def answer(request: Document, parts: Parts) -> Document:
    """Return ids of deployments by group, status and time of creation, the newest first."""
    group, statuses = request.get("deploymentGroupName"), request.get("includeOnlyStatuses")
    application = request.get("applicationName") or ""
    if group:
        parts.deployments.group(application, group)
    elif application:
        parts.deployments.require_application(application)
    created = request.get("createTimeRange") or {}
    ids = [
        deployment.id
        for deployment in reversed(parts.deployments.all())
        if group in (None, deployment.group)
        and (not statuses or deployment.status in statuses)
        and (created.get("start") or 0) <= deployment.created <= (created.get("end") or float("inf"))
    ]
    page, token = page_of(ids, 100, request.get("nextToken"))
    return {"deployments": page, "nextToken": token}
