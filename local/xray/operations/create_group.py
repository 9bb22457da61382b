"""CreateGroup."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Create a group with its tags."""
    group = backend.groups.create(
        request["GroupName"], request.get("FilterExpression"), request.get("InsightsConfiguration")
    )
    if request.get("Tags"):
        backend.tagging.add(group["GroupARN"], request["Tags"])
    return {"Group": group}
