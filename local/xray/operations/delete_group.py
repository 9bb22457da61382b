"""DeleteGroup."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Delete a group and its tags."""
    group = backend.groups.delete(request)
    backend.tagging.delete(group["GroupARN"])
    return {}
