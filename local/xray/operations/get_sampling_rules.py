"""GetSamplingRules: all rules, in the order in which SDKs try them."""

from typing import Any

from local.xray.backend import Backend


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """All rules on one page; a NextToken is ignored."""
    return {"SamplingRuleRecords": backend.sampling_rules.records()}
