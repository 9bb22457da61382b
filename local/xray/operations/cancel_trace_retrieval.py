"""CancelTraceRetrieval: the token stays valid and has no traces any more."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """An empty answer."""
    backend.retrievals.cancel(request["RetrievalToken"])
    return {}
