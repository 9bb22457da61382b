"""DeleteSamplingRule."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Delete a rule with its tags, and answer its record."""
    record = backend.sampling.delete(request)
    backend.tagging.forget(record["SamplingRule"]["RuleARN"])
    return {"SamplingRuleRecord": record}
