"""GetIndexingRules: AWS has one rule, which says what share of the spans is indexed."""

from typing import Any

from local.xray.backend import Backend

NAME = "Default"
INITIAL = {"Percentage": 1.0, "ModifiedAt": 0.0}  # on AWS the index holds 1 % of the spans


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The one rule."""
    return {"IndexingRules": [indexing_rule(backend.configuration.get("indexing", NAME) or INITIAL)]}


def indexing_rule(stored: dict[str, Any]) -> dict[str, Any]:
    """The rule in the API's form. Here all traces are indexed, whatever the rule says."""
    percentage = stored["Percentage"]
    probabilistic = {"DesiredSamplingPercentage": percentage, "ActualSamplingPercentage": percentage}
    return {"Name": NAME, "ModifiedAt": stored["ModifiedAt"], "Rule": {"Probabilistic": probabilistic}}
