"""GetInsightSummaries: AWS generates insights by machine learning; the local X-Ray has none."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """An empty list, for a group that exists and a valid time range."""
    backend.groups.requested(request)
    if request["EndTime"] < request["StartTime"]:
        raise InvalidRequestException("End time cannot be earlier than start time")
    return {"InsightSummaries": []}
