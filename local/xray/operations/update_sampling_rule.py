"""UpdateSamplingRule."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Change a rule; answers its record."""
    return {"SamplingRuleRecord": backend.sampling_rules.update(request["SamplingRuleUpdate"])}
