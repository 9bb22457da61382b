"""DeleteSamplingRule."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Delete a rule and answer its record."""
    return {"SamplingRuleRecord": backend.sampling.delete(request)}
