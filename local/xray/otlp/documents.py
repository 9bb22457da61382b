"""Makes segment documents of spans. Pure: it knows no HTTP and no store.

A server's span and a span without a parent become segments, every other span an independent subsegment. A
local root that is itself a call (ADOT marks it) becomes both: a segment of the service with the call in it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.xray.otlp import annotations, aws_fields, http_fields, sql_fields
from local.xray.otlp.attributes import Attributes, attributes_of, without_empty
from local.xray.otlp.causes import cause_of, flags_of
from local.xray.otlp.names import (
    CALLS,
    LOCAL_ROOT,
    LOCAL_SERVICE,
    REMOTE_SERVICE,
    SPAN_KIND,
    name_of,
    namespace_of,
    remote_service,
)
from local.xray.segments import MAX_NAME, Document

RESOURCE_PREFIX = "otel.resource."
OF_THE_REMOTE = (REMOTE_SERVICE, "aws.remote.operation", "remoteTarget", "K8s.RemoteNamespace")
TRANSLATED = http_fields.KEYS | aws_fields.KEYS
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Resource:
    """What all spans of a resource share."""

    attributes: Attributes
    shown: Attributes  # as its segments show it in their metadata
    origin: str
    aws: Document | None
    service: Document | None
    language: str


def resource_of(pairs: Iterable[KeyValue]) -> Resource:
    """The resource with these attributes."""
    attributes = attributes_of(pairs)
    language = attributes.get("telemetry.sdk.language")
    return Resource(
        attributes=attributes,
        shown={RESOURCE_PREFIX + key: value for key, value in attributes.items()},
        origin=aws_fields.origin_of(attributes),
        aws=aws_fields.aws_of_resource(attributes),
        service=aws_fields.service_of(attributes),
        language=language if isinstance(language, str) else "",
    )


def documents_of(span: Span, resource: Resource) -> list[Document]:
    """The one or two documents of a span whose ids and times are valid."""
    attributes = attributes_of(span.attributes)
    document = _document(span, attributes, resource)
    is_call = span.kind in CALLS
    if attributes.get(SPAN_KIND) != LOCAL_ROOT:
        if is_call and "type" in document and REMOTE_SERVICE in attributes:
            document.setdefault("namespace", "remote")
        return [document]
    if span.kind in (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL):
        return [_segment(document)]
    return [*_service_and_call(span, attributes, document, resource)]


def trace_id_of(trace_id: bytes) -> str:
    """16 bytes in X-Ray's form."""
    digits = trace_id.hex()
    return f"1-{digits[:8]}-{digits[8:]}"


def _document(span: Span, attributes: Attributes, resource: Resource) -> Document:
    is_segment = span.kind == Span.SPAN_KIND_SERVER or not span.parent_span_id
    cause, in_cause = cause_of(span, attributes, resource.language)
    sql = sql_fields.sql_of(span.name, attributes)
    hidden = in_cause | sql_fields.KEYS if sql else in_cause
    remaining = {
        key: value for key, value in attributes.items() if key not in TRANSLATED and key not in hidden
    }
    user, annotated, metadata = annotations.split(remaining, resource.shown if is_segment else {})
    fields = {
        "type": "" if is_segment else "subsegment",
        "parent_id": span.parent_span_id.hex(),
        "namespace": namespace_of(span, attributes),
        "origin": resource.origin,
        "user": user,
        "http": http_fields.http_of(span, attributes),
        "aws": aws_fields.aws_of_span(resource.aws, attributes),
        "service": resource.service,
        "sql": sql,
        "cause": cause,
        "annotations": annotated,
        "metadata": metadata,
        "links": [_link(link) for link in span.links],
    }
    return {
        "trace_id": trace_id_of(span.trace_id),
        "id": span.span_id.hex(),
        "name": name_of(span, attributes, resource.attributes),
        "start_time": span.start_time_unix_nano / NS_PER_S,
        "end_time": span.end_time_unix_nano / NS_PER_S,
        **flags_of(span, attributes),
        **without_empty(fields),
    }


def _segment(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in ("type", "namespace")}


def _service_and_call(
    span: Span, attributes: Attributes, document: Document, resource: Resource
) -> tuple[Document, Document]:
    """A local root that is a call: the call as a subsegment, and the segment of the service that made it."""
    service_id = hashlib.sha256(span.trace_id + span.span_id + b"service").hexdigest()[:16]
    call = document | {"type": "subsegment", "parent_id": service_id}
    call.setdefault("namespace", "remote")
    if name := remote_service(attributes):
        call["name"] = name[:MAX_NAME]
    own = {key: value for key, value in attributes.items() if key not in OF_THE_REMOTE}
    service = _segment(_document(span, own, resource)) | {"id": service_id}
    if isinstance(own.get(LOCAL_SERVICE), str) and own[LOCAL_SERVICE]:
        service["name"] = own[LOCAL_SERVICE][:MAX_NAME]
    service.pop("http", None)
    if aws := service.get("aws"):
        service["aws"] = {name: value for name, value in aws.items() if name not in aws_fields.OF_THE_CALL}
    if metadata := _of_the_resource(service.pop("metadata", {})):
        service["metadata"] = metadata
    # a consumer's links are about the service, which took the messages; every other's about the call
    (call if span.kind == Span.SPAN_KIND_CONSUMER else service).pop("links", None)
    return call, service


def _of_the_resource(metadata: Document) -> Document:
    """The metadata that are about the resource."""
    namespaces = {
        namespace: {key: value for key, value in content.items() if key.startswith(RESOURCE_PREFIX)}
        for namespace, content in metadata.items()
    }
    return without_empty(namespaces)


def _link(link: Span.Link) -> Document:
    return without_empty(
        {
            "trace_id": trace_id_of(link.trace_id),
            "id": link.span_id.hex(),
            "attributes": attributes_of(link.attributes),
        }
    )
