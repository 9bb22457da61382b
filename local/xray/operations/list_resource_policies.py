"""ListResourcePolicies."""

from typing import Any

from local.xray import resource_policies
from local.xray.backend import Backend


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """All policies on one page."""
    return {"ResourcePolicies": list(backend.configuration.all(resource_policies.KIND).values())}
