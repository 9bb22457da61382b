"""GetGroup."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """One group by its name or ARN."""
    return {"Group": backend.groups.named(request)}
