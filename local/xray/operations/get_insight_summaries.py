"""GetInsightSummaries: AWS finds insights by machine learning; here there are none, and so it says."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """No insights, for a group that exists and a range that makes sense."""
    backend.groups.named(request)
    if request["EndTime"] < request["StartTime"]:
        raise InvalidRequestException("End time cannot be earlier than start time")
    return {"InsightSummaries": []}
