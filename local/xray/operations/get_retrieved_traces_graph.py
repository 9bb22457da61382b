"""GetRetrievedTracesGraph: the service graph of retrieved traces."""

from typing import Any

from local.xray.backend import Backend
from local.xray.service_graph import trace_graph


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The graph without links between traces; empty when the retrieval was cancelled."""
    token = request["RetrievalToken"]
    services = [{"Service": service, "Links": []} for service in trace_graph(backend.retrieved_traces(token))]
    return {"RetrievalStatus": backend.retrievals.get(token).status, "Services": services}
