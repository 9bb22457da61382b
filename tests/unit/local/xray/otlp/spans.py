"""Spans as the exporter's own tests make them."""

import time

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.xray.otlp.documents import documents_of, resource_of

TRACE_ID, SPAN_ID, PARENT_ID = bytes(range(16)), bytes(range(1, 9)), bytes(range(11, 19))
CLIENT, SERVER, INTERNAL = Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL
PRODUCER, CONSUMER = Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER
UNSET, OK, ERROR = 0, 1, 2

# constructDefaultResource
SIGNUP = {
    "service.name": "signup_aggregator",
    "service.version": "semver:1.1.4",
    "container.name": "signup_aggregator",
    "container.image.name": "otel/signupaggregator",
    "container.image.tag": "v1",
    "k8s.cluster.name": "production",
    "k8s.namespace.name": "default",
    "k8s.deployment.name": "signup_aggregator",
    "k8s.pod.name": "signup_aggregator-x82ufje83",
    "cloud.provider": "aws",
    "cloud.account.id": "123456789",
    "cloud.region": "us-east-1",
    "cloud.availability_zone": "us-east-1c",
    "string.key": "string",
    "int.key": 10,
    "double.key": 5.0,
    "bool.key": True,
    "map.key": {"key1": 1, "key2": "value"},
    "array.key": ["foo", "bar"],
}
RECEIVED = ("", {"message.type": "RECEIVED", "messaging.message_payload_size_bytes": 12452})


def value(python):
    if python is None:
        return AnyValue()
    if isinstance(python, dict):
        return AnyValue(kvlist_value={"values": pairs(python)})
    if isinstance(python, list):
        return AnyValue(array_value={"values": [value(element) for element in python]})
    kind = {bool: "bool", int: "int", float: "double", bytes: "bytes"}.get(type(python), "string")
    return AnyValue(**{f"{kind}_value": python})


def pairs(attributes):
    return [KeyValue(key=key, value=value(python)) for key, python in attributes.items()]


def span(kind=SERVER, attributes=None, *, name="/test", parent=PARENT_ID, status=UNSET, message="", **fields):
    """A span of 215 ms; `events` are pairs of name and attributes."""
    end = time.time_ns()
    events = [Span.Event(name=title, attributes=pairs(facts)) for title, facts in fields.pop("events", ())]
    return Span(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_span_id=parent,
        kind=kind,
        name=name,
        start_time_unix_nano=end - 215_000_000,
        end_time_unix_nano=end,
        attributes=pairs(attributes or {}),
        status={"code": status, "message": message},
        events=events,
        **fields,
    )


def documents(made, resource=None):
    return documents_of(made, resource_of(pairs({} if resource is None else resource)))


def document(kind=SERVER, attributes=None, resource=None, **fields):
    """The one document of such a span."""
    (made,) = documents(span(kind, attributes, **fields), resource)
    return made
