"""Reads the body of an OTLP request, protobuf or JSON, into resources and spans that are decoded one by one.

A body of a few megabytes can hold millions of empty messages, which take a hundred times as much memory once
they are decoded. So the outer messages are decoded by descriptors of the same wire format in which inner
messages are still bytes; spans are counted and measured before any of them is decoded. JSON is OTLP's: ids
are hexadecimal digits. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.xray.otlp.errors import InvalidData, TooLarge, UnsupportedMedia

PROTOBUF, JSON = "application/x-protobuf", "application/json"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
MAX_BYTES = 5 * 1024 * 1024  # of a body when it is not compressed
MAX_SPANS = 10_000
MAX_SPAN_BYTES = 200_000
MAX_JSON_NODES = 400_000  # objects and lists; 10,000 spans that fill 5 MB have fewer
MAX_RESOURCES = 10_000  # resources and scopes without spans are of no use, so there need not be more
SPAN_IDS = ("traceId", "spanId", "parentSpanId")


@dataclass(frozen=True, slots=True)
class RawSpan:
    """A span that is not decoded yet. `decode` raises InvalidData."""

    decode: Callable[[], Span]
    byte_size: int | None  # None where only the decoded span tells
    scope: dict[str, Any]  # name and version of the instrumentation scope


@dataclass(frozen=True, slots=True)
class ResourceSpans:
    """The attributes of a resource, and its spans."""

    attributes: list[KeyValue]
    spans: list[RawSpan]


def decompressed(body: bytes, encoding: str) -> bytes:
    """The body as it was before gzip. Raises UnsupportedMedia, TooLarge and InvalidData."""
    if encoding in ("", "identity", "none"):
        content = body
    elif encoding == "gzip":
        unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            content = unzip.decompress(body, MAX_BYTES + 1)
        except zlib.error as error:
            raise InvalidData(f"The body is not gzip: {error}") from error
        if len(content) <= MAX_BYTES and (not unzip.eof or unzip.unused_data):
            raise InvalidData("The body is not one complete gzip stream")
    else:
        raise UnsupportedMedia(f"Content-Encoding {encoding[:50]!r}: expected gzip or none")
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The body is larger than {MAX_BYTES} bytes: send fewer spans at a time")
    return content


def decode(body: bytes, media_type: str) -> list[ResourceSpans]:
    """The resources with their spans. Raises InvalidData, and UnsupportedMedia."""
    if media_type == PROTOBUF:
        return _checked(_from_protobuf(body))
    if media_type == JSON:
        return _checked(_from_json(body))
    raise UnsupportedMedia(f"Content-Type {media_type[:50]!r}: expected {PROTOBUF} or {JSON}")


def _checked(batches: Iterator[ResourceSpans]) -> list[ResourceSpans]:
    checked: list[ResourceSpans] = []
    count = 0
    for batch in batches:
        count += len(batch.spans)
        if count > MAX_SPANS:
            raise InvalidData(f"There are more than {MAX_SPANS} spans: send fewer at a time")
        if len(checked) >= MAX_RESOURCES:
            raise InvalidData(f"There are more than {MAX_RESOURCES} resources: send fewer at a time")
        checked.append(batch)
    return checked


# --- protobuf ---
def _shallow(name: str, *fields: tuple[str, int, bool]) -> type[Message]:
    """A message whose inner messages, given by name, number and whether they are repeated, stay bytes."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name=f"lantern/{name}.proto", package="lantern", syntax="proto3"
    )
    message = file.message_type.add(name=name)
    for field_name, number, is_repeated in fields:
        message.field.add(
            name=field_name,
            number=number,
            type=field.TYPE_BYTES,
            label=field.LABEL_REPEATED if is_repeated else field.LABEL_OPTIONAL,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    kind: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"lantern.{name}"))
    return kind


# of opentelemetry/proto/collector/trace/v1/trace_service.proto and opentelemetry/proto/trace/v1/trace.proto
ShallowRequest = _shallow("Request", ("resource_spans", 1, True))
ShallowResourceSpans = _shallow("ResourceSpans", ("resource", 1, False), ("scope_spans", 2, True))
ShallowScope = _shallow("Scope", ("name", 1, False), ("version", 2, False))
ShallowScopeSpans = _shallow("ScopeSpans", ("scope", 1, False), ("spans", 2, True))


def _from_protobuf(body: bytes) -> Iterator[ResourceSpans]:
    for batch in _parsed(ShallowRequest, body).resource_spans:
        outer = _parsed(ShallowResourceSpans, batch)
        if len(outer.resource) > MAX_SPAN_BYTES:
            raise InvalidData(f"A resource is larger than {MAX_SPAN_BYTES} bytes")
        spans: list[RawSpan] = []
        for scope in outer.scope_spans:
            inner = _parsed(ShallowScopeSpans, scope)
            if len(spans) + len(inner.spans) > MAX_SPANS:
                raise InvalidData(f"There are more than {MAX_SPANS} spans: send fewer at a time")
            if inner.spans:
                title = _scope(_parsed(ShallowScope, inner.scope))
                spans += [RawSpan(_span_parser(raw), len(raw), title) for raw in inner.spans]
        yield ResourceSpans(list(_parsed(Resource, outer.resource).attributes), spans)


def _scope(scope: Any) -> dict[str, Any]:
    texts = {"name": scope.name, "version": scope.version}
    return {field: raw.decode("utf-8", "replace") for field, raw in texts.items() if raw}


def _span_parser(raw: bytes) -> Callable[[], Span]:
    return lambda: _parsed(Span, raw)


def _parsed(kind: Any, raw: bytes) -> Any:
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        raise InvalidData(f"The body is not OTLP in protobuf: {error}") from error


# --- JSON ---
def _from_json(body: bytes) -> Iterator[ResourceSpans]:
    if body.count(b"{") + body.count(b"[") > MAX_JSON_NODES:
        raise InvalidData(
            f"There are more than {MAX_JSON_NODES} objects and lists: send fewer spans at a time"
        )
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidData(f"The body is not JSON: {error}") from error
    for batch in _objects(request, "resourceSpans"):
        spans = [
            (span, scope.get("scope"))
            for scope in _objects(batch, "scopeSpans")
            for span in _objects(scope, "spans")
        ]
        if len(spans) > MAX_SPANS:
            raise InvalidData(f"There are more than {MAX_SPANS} spans: send fewer at a time")
        resource = Resource()
        _fill(resource, batch.get("resource") or {})
        raws = [RawSpan(_span_reader(span), None, _scope_of_json(scope)) for span, scope in spans]
        yield ResourceSpans(list(resource.attributes), raws)


def _scope_of_json(scope: Any) -> dict[str, Any]:
    fields = scope if isinstance(scope, dict) else {}
    return {name: fields[name] for name in ("name", "version") if isinstance(fields.get(name), str)}


def _objects(parent: Any, name: str) -> list[dict[str, Any]]:
    """The objects in a list of the parent; a list that is missing or null is empty."""
    objects = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(parent, dict) or not isinstance(objects, list | None):
        raise InvalidData(f"{name}: expected an object with a list of this name")
    if objects and not all(isinstance(element, dict) for element in objects):
        raise InvalidData(f"{name}: expected a list of objects")
    return objects or []


def _span_reader(fields: dict[str, Any]) -> Callable[[], Span]:
    def read() -> Span:
        span = Span()
        links = [_with_base64_ids(link) for link in _objects(fields, "links")]
        _fill(span, _with_base64_ids(fields) | ({"links": links} if links else {}))
        return span

    return read


def _with_base64_ids(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with their ids as protobuf's own JSON has them. Raises InvalidData."""
    ids = {name: fields[name] for name in SPAN_IDS if fields.get(name) is not None}
    try:
        return fields | {
            name: base64.b64encode(bytes.fromhex(digits)).decode() for name, digits in ids.items()
        }
    except (TypeError, ValueError):
        raise InvalidData(f"{', '.join(SPAN_IDS)}: expected hexadecimal digits, got {ids!r:.120}") from None


def _fill(message: Message, fields: Any) -> None:
    try:
        json_format.ParseDict(fields, message, ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidData(f"The body is not OTLP in JSON: {error!s:.200}") from error
