"""UpdateGroup."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Change the filter expression or the InsightsConfiguration of a group."""
    return {"Group": backend.groups.update(request)}
