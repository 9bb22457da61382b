"""UpdateIndexingRule."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.errors import ResourceNotFoundException
from local.xray.operations.get_indexing_rules import indexing_rule
from local.xray.transaction_search import RULE


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Change the share of the traces that get a summary; it holds for traces that begin from now on."""
    if request["Name"] != RULE:
        raise ResourceNotFoundException(f"There is no indexing rule {request['Name']}")
    percentage = (request["Rule"].get("Probabilistic") or {}).get("DesiredSamplingPercentage")
    if percentage is None or not 0 <= percentage <= 100:
        raise InvalidRequestException("DesiredSamplingPercentage must be from 0 to 100")
    return {"IndexingRule": indexing_rule(backend.transaction_search.index(percentage))}
