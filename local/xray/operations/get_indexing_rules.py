"""GetIndexingRules."""

from typing import Any

from local.xray.backend import Backend

NAME = "Default"
AT_FIRST = {"Percentage": 1.0, "ModifiedAt": 0.0}  # AWS indexes one per cent of the spans


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The one rule that there is."""
    return {"IndexingRules": [rule(backend.configuration.get("indexing", NAME) or AT_FIRST)]}


def rule(stored: dict[str, Any]) -> dict[str, Any]:
    """The rule as the API shows it. Here every trace is indexed, whatever it says."""
    percentage = stored["Percentage"]
    probabilistic = {"DesiredSamplingPercentage": percentage, "ActualSamplingPercentage": percentage}
    return {"Name": NAME, "ModifiedAt": stored["ModifiedAt"], "Rule": {"Probabilistic": probabilistic}}
