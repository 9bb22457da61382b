"""UpdateTraceSegmentDestination: CloudWatchLogs is refused, because there is no Transaction Search here."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.operations.get_trace_segment_destination import DESTINATION


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:  # noqa: ARG001
    """The destination XRay."""
    if request.get("Destination") != DESTINATION["Destination"]:
        raise InvalidRequestException("The local X-Ray keeps segments itself; CloudWatchLogs is only on AWS")
    return DESTINATION
