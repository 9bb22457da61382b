"""CreateSamplingRule."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Create a rule with its tags."""
    record = backend.sampling_rules.create(request["SamplingRule"])
    if request.get("Tags"):
        backend.tagging.add(record["SamplingRule"]["RuleARN"], request["Tags"])
    return {"SamplingRuleRecord": record}
