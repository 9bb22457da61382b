"""PutTelemetryRecords: what X-Ray daemons count about themselves. Accepted as on AWS, and not stored."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:  # noqa: ARG001
    """An empty answer."""
    return {}
