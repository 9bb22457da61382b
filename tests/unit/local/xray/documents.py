"""Segment documents as SDKs send them, with ids that can be read."""

import orjson

from local.xray.segments import StoredTrace, parse_document
from local.xray.traces import assemble

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
START = 1465510280.0


def entity_id(word: str) -> str:
    """16 hex digits that stand for a word."""
    return word.encode().hex()[:16].ljust(16, "0")


def segment(name: str, *, parent: str | None = None, start: float = 0.0, took: float = 0.1, **fields):
    """A finished segment; `start` is seconds after the trace's start."""
    document = {
        "name": name,
        "id": entity_id(name),
        "trace_id": TRACE,
        "start_time": START + start,
        "end_time": START + start + took,
    }
    return document | ({"parent_id": entity_id(parent)} if parent else {}) | fields


def subsegment(name: str, *, label: str = "", start: float = 0.01, took: float = 0.05, **fields):
    """A finished subsegment; `label` gives its id when the name is not unique."""
    document = segment(name, start=start, took=took, **fields) | {"id": entity_id(label or f"sub-{name}")}
    del document["trace_id"]
    return document


def independent(name: str, parent: str, **fields):
    """A subsegment that is sent on its own."""
    return subsegment(name, **fields) | {
        "type": "subsegment",
        "trace_id": TRACE,
        "parent_id": entity_id(parent),
    }


def table_call(table: str, **fields):
    """A call of DynamoDB as the Python SDK records it."""
    aws = {"operation": "GetItem", "table_name": table, "region": "us-east-1"}
    return subsegment("dynamodb", label=f"call-{table}"[:8], namespace="aws", aws=aws, **fields)


def trace(*documents):
    """The assembled trace of these documents, checked as if they had arrived."""
    bodies = [parse_document(orjson.dumps(document)).body for document in documents]
    received = tuple((START + number, body) for number, body in enumerate(bodies))
    return assemble(StoredTrace(TRACE, START, START + len(bodies) - 1, len(bodies), received))


def unfinished(document):
    """The same document while it is in progress."""
    return {key: value for key, value in document.items() if key != "end_time"} | {"in_progress": True}
