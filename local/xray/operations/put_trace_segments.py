"""PutTraceSegments: takes documents over HTTP; each is accepted or refused by itself."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import DocumentRejected, parse_document


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The refused documents. The others are written to disk before this answers."""
    if not request["TraceSegmentDocuments"]:
        raise InvalidRequestException("Segments can not be empty")
    unprocessed = []
    for text in request["TraceSegmentDocuments"]:
        try:
            backend.store.writer.put(parse_document(text.encode("utf-8", "replace")))
        except DocumentRejected as rejection:
            unprocessed.append(
                {"Id": rejection.entity_id, "ErrorCode": rejection.code, "Message": str(rejection)}
            )
    backend.store.writer.flush()
    return {"UnprocessedTraceSegments": unprocessed}
