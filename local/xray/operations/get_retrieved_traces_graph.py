"""GetRetrievedTracesGraph."""

from typing import Any

from local.xray.backend import Backend
from local.xray.service_graph import service_graph


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The service graph of the retrieved traces; links between traces are not followed."""
    retrieval = backend.retrievals.find(request["RetrievalToken"])
    found = (
        backend.assembled(backend.store.traces(retrieval.trace_ids)) if retrieval.status == "COMPLETE" else []
    )
    services = [{"Service": service, "Links": []} for service in service_graph(found)]
    return {"RetrievalStatus": retrieval.status, "Services": services}
