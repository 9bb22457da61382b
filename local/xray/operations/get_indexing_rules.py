"""GetIndexingRules: AWS has one rule, which says what share of the traces gets a summary."""

from typing import Any

from local.xray.backend import Backend
from local.xray.transaction_search import RULE


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The one rule."""
    return {"IndexingRules": [indexing_rule(backend.transaction_search.rule)]}


def indexing_rule(stored: dict[str, Any]) -> dict[str, Any]:
    """The rule in the API's form. It acts while the destination is CloudWatchLogs."""
    percentage = stored["Percentage"]
    probabilistic = {"DesiredSamplingPercentage": percentage, "ActualSamplingPercentage": percentage}
    return {"Name": RULE, "ModifiedAt": stored["ModifiedAt"], "Rule": {"Probabilistic": probabilistic}}
