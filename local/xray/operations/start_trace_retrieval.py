"""StartTraceRetrieval."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend
from local.xray.segments import trace_id_of

MOST = 100


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """A token for up to a hundred traces."""
    ids = request["TraceIds"]
    if not 1 <= len(ids) <= MOST:
        raise InvalidRequestException(f"TraceIds must have 1 to {MOST} ids, not {len(ids)}")
    if request["EndTime"] < request["StartTime"]:
        raise InvalidRequestException("End time cannot be earlier than start time")
    known = [trace_id_of(one) for one in ids]
    if None in known:
        raise InvalidRequestException(f"Invalid trace id {ids[known.index(None)]}: incorrect id format")
    return {"RetrievalToken": backend.retrievals.start([one for one in known if one])}
