"""GetInsight: the local X-Ray generates no insights, so every id is unknown."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:  # noqa: ARG001
    """Always refused."""
    raise InvalidRequestException(f"Insight not found: {request['InsightId']}")
