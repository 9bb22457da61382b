"""Takes what can be taken of a request, by the limits of AWS's endpoint, as documents for the store.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.xray.otlp.decoding import MAX_SPAN_BYTES, RawSpan, ResourceSpans
from local.xray.otlp.documents import Resource, documents_of, resource_of
from local.xray.otlp.errors import InvalidData
from local.xray.otlp.events import event_of
from local.xray.segments import Document, ReceivedDocument

NS_PER_S = 1_000_000_000
HOUR_NS = 3600 * NS_PER_S
MAX_AHEAD_H, MAX_BACK_H, MAX_GAP_H = 2, 14 * 24, 24
TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8


@dataclass(slots=True)
class Intake:
    """The documents of the spans that are taken, how many were not, and why the first of them was not."""

    documents: list[ReceivedDocument] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)  # of the log group aws/spans, where they are wanted
    accepted: int = 0
    rejected: int = 0
    reason: str = ""
    first_ns: int = 1 << 64
    last_ns: int = 0


def take(batches: Iterable[ResourceSpans], now_s: float, *, with_events: bool = False) -> Intake:
    """All that can be taken. Raises InvalidData when a span can't be decoded, or nothing can be taken."""
    intake, now_ns = Intake(), int(now_s * NS_PER_S)
    for batch in batches:
        resource = resource_of(batch.attributes)
        for raw in batch.spans:
            span = _take_span(intake, raw, resource, now_ns)
            if span and with_events:
                intake.events.append(orjson.dumps(event_of(span, resource.attributes, raw.scope)))
    if intake.rejected and not intake.accepted:
        raise InvalidData(f"None of {intake.rejected} spans can be taken: {intake.reason}")
    if intake.accepted and intake.last_ns - intake.first_ns > MAX_GAP_H * HOUR_NS:
        raise InvalidData(f"The spans of one request are more than {MAX_GAP_H} hours apart")
    return intake


def _take_span(intake: Intake, raw: RawSpan, resource: Resource, now_ns: int) -> Span | None:
    """Count and take a span; returns it if it was taken."""
    span, reason = None, f"a span is larger than {MAX_SPAN_BYTES} bytes"
    if raw.byte_size is None or raw.byte_size <= MAX_SPAN_BYTES:
        span = raw.decode()
    if span is not None and (raw.byte_size is not None or span.ByteSize() <= MAX_SPAN_BYTES):
        reason = _refusal(span, now_ns)
    documents: list[ReceivedDocument] = []
    if span is not None and not reason:
        try:
            documents = [_received(document) for document in documents_of(span, resource)]
        except orjson.JSONEncodeError:
            reason = f"span {span.span_id.hex()}: its metadata are nested too deeply"
    if span is None or reason:
        intake.rejected += 1
        intake.reason = intake.reason or reason
        return None
    intake.accepted += 1
    intake.first_ns = min(intake.first_ns, span.start_time_unix_nano)
    intake.last_ns = max(intake.last_ns, span.start_time_unix_nano)
    intake.documents += documents
    return span


def _refusal(span: Span, now_ns: int) -> str:
    """Why a span is not taken; "" when it is."""
    for name, value, length in (
        ("trace id", span.trace_id, TRACE_ID_BYTES),
        ("span id", span.span_id, SPAN_ID_BYTES),
    ):
        if len(value) != length or not any(value):
            return f"{name} {value.hex()[:40]!r}: expected {length} bytes, not all of them zero"
    if len(span.parent_span_id) not in (0, SPAN_ID_BYTES):
        return f"parent span id {span.parent_span_id.hex()[:40]!r}: expected {SPAN_ID_BYTES} bytes or none"
    for name, time_ns in (("start", span.start_time_unix_nano), ("end", span.end_time_unix_nano)):
        if not now_ns - MAX_BACK_H * HOUR_NS <= time_ns <= now_ns + MAX_AHEAD_H * HOUR_NS:
            expected = f"expected the last {MAX_BACK_H // 24} days, or at most {MAX_AHEAD_H} hours ahead"
            return f"span {span.span_id.hex()}: {name} time {time_ns} ns: {expected}"
    return ""


def _received(document: Document) -> ReceivedDocument:
    return ReceivedDocument(
        trace_id=document["trace_id"],
        entity_id=document["id"],
        start_s=document["start_time"],
        in_progress=False,
        body=orjson.dumps(document),
        is_of_span=True,
    )
