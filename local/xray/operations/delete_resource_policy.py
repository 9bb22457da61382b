"""DeleteResourcePolicy."""

from typing import Any

from local.xray import policies
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Remove a policy."""
    policies.delete(backend.configuration, request)
    return {}
