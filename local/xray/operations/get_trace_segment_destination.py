"""GetTraceSegmentDestination: where segments and spans go."""

from typing import Any

from local.xray.backend import Backend


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """XRay or CloudWatchLogs; a change is active at once."""
    return {"Destination": backend.transaction_search.destination, "Status": "ACTIVE"}
