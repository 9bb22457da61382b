"""Which bodies and spans are taken: OTLP's encodings, and the limits of AWS's endpoint."""

import gzip
import json
import random
import time

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from local.xray.otlp.decoding import JSON, MAX_BYTES, PROTOBUF, decode, decompressed
from local.xray.otlp.errors import InvalidData, OtlpError, TooLarge, UnsupportedMedia
from local.xray.otlp.intake import take
from tests.unit.local.xray.otlp.spans import SIGNUP, SPAN_ID, TRACE_ID, pairs, span

HOUR_NS = 3600 * 10**9


def request(*spans, resource=None):
    return ExportTraceServiceRequest(
        resource_spans=[
            {
                "resource": {"attributes": pairs(SIGNUP if resource is None else resource)},
                "scope_spans": [{"scope": {"name": "lantern"}, "spans": spans}],
            }
        ]
    )


def taken(*spans, media_type=PROTOBUF):
    message = request(*spans)
    body = message.SerializeToString() if media_type == PROTOBUF else in_json(message)
    return take(decode(body, media_type), time.time())


def in_json(message):
    """OTLP's JSON: protobuf's own, but for ids in hexadecimal digits and numbers in place of names."""
    content = json_format.MessageToDict(message, use_integers_for_enums=True)
    made = message.resource_spans[0].scope_spans[0].spans
    for fields, source in zip(
        content["resourceSpans"][0]["scopeSpans"][0].get("spans", ()), made, strict=True
    ):
        fields |= {"traceId": source.trace_id.hex(), "spanId": source.span_id.hex()}
        if source.parent_span_id:
            fields["parentSpanId"] = source.parent_span_id.hex()
    return json.dumps(content).encode()


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_both_encodings_make_the_same_documents(media_type):
    made = span(attributes={"http.status_code": 200, "list": [1, 2.5, True, b"bytes", None]})
    intake = taken(made, media_type=media_type)

    (received,) = intake.documents
    assert received.body == taken(made).documents[0].body
    assert (received.trace_id, received.entity_id) == (
        "1-00010203-0405060708090a0b0c0d0e0f",
        SPAN_ID.hex(),
    )
    assert json.loads(received.body)["metadata"]["default"]["list"] == [1, 2.5, True, "Ynl0ZXM=", None]


def test_fields_that_are_unknown_are_ignored():
    body = json.loads(in_json(request(span())))
    body |= {"later": 1}
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {"later": {"x": []}}

    assert take(decode(json.dumps(body).encode(), JSON), time.time()).accepted == 1


def test_ids_in_capitals_are_the_same_ids():
    body = in_json(request(span())).replace(SPAN_ID.hex().encode(), SPAN_ID.hex().upper().encode())

    assert take(decode(body, JSON), time.time()).documents[0].entity_id == SPAN_ID.hex()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trace_id": b""}, "trace id"),
        ({"trace_id": bytes(16)}, "trace id"),
        ({"trace_id": bytes(range(1, 16))}, "trace id"),
        ({"span_id": bytes(8)}, "span id"),
        ({"span_id": bytes(range(1, 8))}, "span id"),
        ({"parent_span_id": b"123"}, "parent span id"),
        ({"end_time_unix_nano": 0}, "end time"),
        ({"start_time_unix_nano": 0}, "start time"),
        ({"end_time_unix_nano": 2**64 - 1}, "end time"),
    ],
)
def test_a_span_that_cannot_be_taken_is_told_and_the_others_are_taken(change, reason):
    wrong = span()
    for name, content in change.items():
        setattr(wrong, name, content)
    intake = taken(wrong, span())

    assert (intake.accepted, intake.rejected) == (1, 1)
    assert reason in intake.reason
    assert "expected" in intake.reason


@pytest.mark.parametrize(
    ("hours", "is_taken"), [(-14 * 24 + 1, True), (-14 * 24 - 1, False), (1, True), (3, False)]
)
def test_a_span_is_of_the_last_fourteen_days_or_of_the_next_two_hours(hours, is_taken):
    made = span()
    made.start_time_unix_nano += hours * HOUR_NS
    made.end_time_unix_nano += hours * HOUR_NS

    if is_taken:
        assert taken(made).accepted == 1
    else:
        with pytest.raises(InvalidData, match="None of 1 spans"):
            taken(made)


def test_the_spans_of_a_request_are_of_one_day():
    made = span()
    made.start_time_unix_nano -= 25 * HOUR_NS

    with pytest.raises(InvalidData, match="24 hours"):
        taken(made, span())


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_a_span_of_more_than_200_kb_is_not_taken(media_type):
    large = span(attributes={"text": "x" * 200_001})
    intake = taken(large, span(attributes={"text": "x" * 190_000}), media_type=media_type)

    assert (intake.accepted, intake.rejected) == (1, 1)
    assert "200000 bytes" in intake.reason


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_a_request_has_at_most_10_000_spans(media_type):
    message = request(*[{}] * 10_001)
    body = message.SerializeToString() if media_type == PROTOBUF else in_json(message)

    with pytest.raises(InvalidData, match="more than 10000 spans"):
        decode(body, media_type)


def test_a_request_without_spans_is_taken():
    assert taken().accepted == 0


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"\xff\xff\xff", PROTOBUF),
        (b"\x0a\x05abc", PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
        (b"null", JSON),
        (b'{"resourceSpans": {}}', JSON),
        (b'{"resourceSpans": [1]}', JSON),
        (b'{"resourceSpans": [{"resource": 5}]}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 7}]}]}]}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"links": "none"}]}]}]}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": []}]}]}]}', JSON),
    ],
)
def test_a_body_that_is_not_otlp_is_refused(body, media_type):
    with pytest.raises(InvalidData):
        take(decode(body, media_type), time.time())


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/octet-stream"])
def test_another_type_is_refused(media_type):
    with pytest.raises(UnsupportedMedia, match="application/x-protobuf or application/json"):
        decode(b"", media_type)


def test_gzip_is_taken_and_another_compression_refused():
    assert decompressed(gzip.compress(b"spans"), "gzip") == b"spans"
    assert decompressed(b"spans", "") == b"spans"
    with pytest.raises(UnsupportedMedia, match="expected gzip"):
        decompressed(b"spans", "br")


@pytest.mark.parametrize(
    "body",
    [b"", b"no gzip", gzip.compress(b"spans")[:-4], gzip.compress(b"s") * 2],
    ids=["empty", "no gzip", "cut", "two members"],
)
def test_what_is_no_gzip_is_refused(body):
    with pytest.raises(InvalidData, match="gzip"):
        decompressed(body, "gzip")


def test_a_bomb_is_refused_before_it_has_its_size():
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)

    with pytest.raises(TooLarge):
        decompressed(bomb, "gzip")
    with pytest.raises(TooLarge):
        decompressed(bytes(MAX_BYTES + 1), "")


def test_an_attribute_may_hold_values_as_deeply_as_protobuf_takes_them():
    deep = "end"
    for _ in range(15):
        deep = {"in": [deep]}

    assert taken(span(attributes={"deep": deep})).accepted == 1


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_metadata_that_are_nested_beyond_what_json_is_written_with_are_told(media_type):
    deep = {"aws.xray.metadata.deep": '{"a":' * 300 + "1" + "}" * 300}
    intake = taken(span(attributes=deep), span(), media_type=media_type)

    assert (intake.accepted, intake.rejected) == (1, 1)
    assert "nested too deeply" in intake.reason


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_a_mutated_body_is_taken_or_refused_and_never_fails(media_type):
    """Some hundred of each; a hundred thousand of them over HTTP are in docs/measured.md."""
    chance = random.Random(20261127)
    events = [("exception", {"exception.type": "A", "exception.stacktrace": "A: b\n\tat c(d.java:1)"})]
    attributes = {"http.url": "http://shop/", "rpc.system": "aws-api", "deep": {"list": [1, {"x": None}]}}
    message = request(*(span(attributes=attributes, events=events, status=2) for _ in range(3)))
    body = message.SerializeToString() if media_type == PROTOBUF else in_json(message)
    for _ in range(400):
        try:
            take(decode(mutated(chance, body), media_type), time.time())
        except OtlpError:
            continue


def mutated(chance, body):
    """The body with a few bytes changed, taken out, or put in."""
    content = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(content))
        piece = chance.randbytes(chance.randint(0, 4)) if chance.random() < 0.5 else b'{}[],:"0'[start % 8 :]
        content[start : start + chance.randint(0, 6)] = piece
    return bytes(content[: chance.randrange(len(content))] if chance.random() < 0.1 else content)


def test_the_trace_id_is_the_spans():
    assert taken(span()).documents[0].trace_id.replace("-", "")[1:] == TRACE_ID.hex()
