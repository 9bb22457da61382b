"""ListResourcePolicies."""

from typing import Any

from local.xray import policies
from local.xray.backend import Backend


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Every policy on one page."""
    return {"ResourcePolicies": list(backend.configuration.all(policies.KIND).values())}
