"""DeleteResourcePolicy."""

from typing import Any

from local.xray import resource_policies
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Delete a policy."""
    resource_policies.delete(backend.configuration, request)
    return {}
