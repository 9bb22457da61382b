"""PutResourcePolicy."""

from typing import Any

from local.xray import resource_policies
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Set a policy."""
    return {"ResourcePolicy": resource_policies.put(backend.configuration, request)}
