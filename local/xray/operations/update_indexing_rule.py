"""UpdateIndexingRule."""

import time
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.errors import ResourceNotFoundException
from local.xray.operations.get_indexing_rules import NAME, indexing_rule


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Store the percentage; all traces are indexed all the same."""
    if request["Name"] != NAME:
        raise ResourceNotFoundException(f"There is no indexing rule {request['Name']}")
    percentage = (request["Rule"].get("Probabilistic") or {}).get("DesiredSamplingPercentage")
    if percentage is None or not 0 <= percentage <= 100:
        raise InvalidRequestException("DesiredSamplingPercentage must be from 0 to 100")
    stored = {"Percentage": percentage, "ModifiedAt": time.time()}
    backend.configuration.put("indexing", NAME, stored)
    return {"IndexingRule": indexing_rule(stored)}
