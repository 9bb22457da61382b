"""DeleteSamplingRule."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Delete a rule and its tags; answers the rule's record."""
    record = backend.sampling_rules.delete(request)
    backend.tagging.delete(record["SamplingRule"]["RuleARN"])
    return {"SamplingRuleRecord": record}
