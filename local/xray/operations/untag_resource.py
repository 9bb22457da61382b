"""UntagResource."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Remove the tags with these keys from a group or a sampling rule."""
    backend.tagging.remove(request["ResourceARN"], request["TagKeys"])
    return {}
