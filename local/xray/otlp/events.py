"""A span as the log group aws/spans holds it: OTLP's fields, attributes as an object, names for kinds."""

from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from local.xray.otlp.attributes import Attributes, attributes_of


def event_of(span: Span, resource: Attributes, scope: Attributes) -> dict[str, Any]:
    """The log event of a span of this resource and instrumentation scope."""
    return {
        "resource": {"attributes": resource},
        "scope": scope,
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        **({"parentSpanId": span.parent_span_id.hex()} if span.parent_span_id else {}),
        "flags": span.flags,
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "durationNano": span.end_time_unix_nano - span.start_time_unix_nano,
        "attributes": attributes_of(span.attributes),
        "events": [
            {
                "name": event.name,
                "timeUnixNano": event.time_unix_nano,
                "attributes": attributes_of(event.attributes),
            }
            for event in span.events
        ],
        "links": [
            {
                "traceId": link.trace_id.hex(),
                "spanId": link.span_id.hex(),
                "attributes": attributes_of(link.attributes),
            }
            for link in span.links
        ],
        "status": _status(span),
    }


def _status(span: Span) -> dict[str, str]:
    code = Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_")
    return {"code": code} | ({"message": span.status.message} if span.status.message else {})
