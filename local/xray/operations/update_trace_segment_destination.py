"""UpdateTraceSegmentDestination."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.operations.get_trace_segment_destination import HERE


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:  # noqa: ARG001
    """XRay only: there is no Transaction Search here, and it must not look as if there were."""
    if request.get("Destination") != HERE["Destination"]:
        raise InvalidRequestException("The local X-Ray keeps segments itself; CloudWatchLogs is only on AWS")
    return HERE
