"""GetGroups."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """All groups on one page."""
    if request.get("NextToken"):
        raise InvalidRequestException("Next Token not supported")
    return {"Groups": backend.groups.all()}
