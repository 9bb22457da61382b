"""GetGroup."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The group with this name or ARN."""
    return {"Group": backend.groups.requested(request)}
