"""DeleteGroup."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Remove a group and its tags."""
    arn = backend.groups.named(request)["GroupARN"]
    backend.groups.delete(request)
    backend.tagging.forget(arn)
    return {}
