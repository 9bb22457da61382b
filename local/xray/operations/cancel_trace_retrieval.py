"""CancelTraceRetrieval."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Take a retrieval back; its token stays known and has no traces any more."""
    backend.retrievals.cancel(request["RetrievalToken"])
    return {}
