"""GetSamplingRules: all rules, in the order in which SDKs try them."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """All rules on one page."""
    if request.get("NextToken"):
        raise InvalidRequestException("Invalid NextToken")
    return {"SamplingRuleRecords": backend.sampling_rules.records()}
