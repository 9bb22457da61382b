"""UntagResource."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Remove tags by their keys."""
    backend.tagging.remove(request["ResourceARN"], request["TagKeys"])
    return {}
