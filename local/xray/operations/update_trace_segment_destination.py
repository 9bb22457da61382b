"""UpdateTraceSegmentDestination: CloudWatchLogs is Transaction Search."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.operations import get_trace_segment_destination


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The new destination. Refused where X-Ray may not write to the log group, and without a destination."""
    destination = request.get("Destination")
    if not destination:
        raise InvalidRequestException("Destination must be XRay or CloudWatchLogs")
    backend.transaction_search.send_to(destination)
    return get_trace_segment_destination.answer({}, backend)
