"""TagResource."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Add tags to a group or a sampling rule."""
    backend.tagging.add(request["ResourceARN"], request["Tags"])
    return {}
