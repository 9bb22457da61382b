"""PutTraceSegments: documents over HTTP, each accepted or refused on its own."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import Rejected, receive


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Store the good documents before answering; name the others."""
    if not request["TraceSegmentDocuments"]:
        raise InvalidRequestException("Segments can not be empty")
    refused = []
    for text in request["TraceSegmentDocuments"]:
        try:
            backend.store.put(receive(text.encode("utf-8", "replace")))
        except Rejected as rejection:
            refused.append(
                {"Id": rejection.entity_id, "ErrorCode": rejection.code, "Message": str(rejection)}
            )
    backend.store.flush()
    return {"UnprocessedTraceSegments": refused}
