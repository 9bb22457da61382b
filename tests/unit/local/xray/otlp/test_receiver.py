"""What the receiver answers: statuses, encodings, and who may send."""

import io
import json

import orjson
import pytest
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from local.xray.otlp import receiver
from local.xray.otlp.decoding import JSON, MAX_BYTES, PROTOBUF
from local.xray.otlp.receiver import OtlpReceiver
from local.xray.span_log import SpanLog
from local.xray.storage import writer
from local.xray.storage.store import Store
from tests.unit.local.xray.otlp.spans import SPAN_ID, span
from tests.unit.local.xray.otlp.test_intake import in_json, request


@pytest.fixture(name="store")
def _store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture(name="send")
def _send(store):
    return sender(store)


def sender(store, app=None):
    """Sends a body to a receiver; returns status, headers and body of the answer."""
    app = app or OtlpReceiver(store.writer, SpanLog(None))

    def send(body=b"", media_type=PROTOBUF, method="POST", path="/v1/traces", **headers):
        answer = {}
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_TYPE": media_type,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "127.0.0.1:4318",
            "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        content = app(environ, lambda status, fields: answer.update(status=status, fields=dict(fields)))
        return int(answer["status"][:3]), answer["fields"], b"".join(content)

    return send


def body_of(*spans):
    return request(*spans).SerializeToString()


def test_what_was_answered_is_written(store, send):
    made = span()
    status, fields, body = send(body_of(made))

    assert (status, fields["Content-Type"], body) == (200, PROTOBUF, b"")
    (trace,) = store.reader.traces(["1-00010203-0405060708090a0b0c0d0e0f"])
    assert [orjson.loads(document)["id"] for _, document in trace.documents] == [SPAN_ID.hex()]


def test_json_is_answered_in_json(send):
    status, fields, body = send(in_json(request(span())), f"{JSON}; charset=utf-8")

    assert (status, fields["Content-Type"], json.loads(body)) == (200, JSON, {})


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_a_part_that_is_not_taken_is_told(send, media_type):
    message = request(span(), {"name": "idless"})
    body = message.SerializeToString() if media_type == PROTOBUF else in_json(message)
    status, _, content = send(body, media_type)

    assert status == 200
    if media_type == PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(content).partial_success
        assert (partial.rejected_spans, "trace id" in partial.error_message) == (1, True)
    else:
        assert json.loads(content)["partialSuccess"]["rejectedSpans"] == "1"


@pytest.mark.parametrize(
    ("content", "request_fields", "status", "code"),
    [
        (b"\xff", {}, 400, code_pb2.INVALID_ARGUMENT),
        (b"{", {"media_type": JSON}, 400, code_pb2.INVALID_ARGUMENT),
        (body_of({"name": "idless"}), {}, 400, code_pb2.INVALID_ARGUMENT),
        (b"no gzip", {"content_encoding": "gzip"}, 400, code_pb2.INVALID_ARGUMENT),
        (b"", {"origin": "http://elsewhere.example"}, 403, code_pb2.PERMISSION_DENIED),
        (b"", {"host": "rebound.example"}, 403, code_pb2.PERMISSION_DENIED),
        (b"", {"media_type": "text/plain", "sec_fetch_mode": "no-cors"}, 403, code_pb2.PERMISSION_DENIED),
        (b"", {"path": "/v1/metrics"}, 404, code_pb2.UNIMPLEMENTED),
        (b"", {"method": "PUT"}, 405, code_pb2.UNIMPLEMENTED),
        (bytes(MAX_BYTES + 1), {}, 413, code_pb2.INVALID_ARGUMENT),
        (b"", {"media_type": "application/msgpack"}, 415, code_pb2.INVALID_ARGUMENT),
        (b"", {"content_encoding": "br"}, 415, code_pb2.INVALID_ARGUMENT),
    ],
)
def test_a_refusal_is_a_status_in_the_encoding_of_the_request(send, content, request_fields, status, code):
    answered, fields, body = send(content, **request_fields)

    assert answered == status
    if fields["Content-Type"] == PROTOBUF:
        refusal = Status.FromString(body)
        assert (refusal.code, bool(refusal.message)) == (code, True)
    else:
        assert json.loads(body)["code"] == code


def test_a_signed_request_is_taken_whatever_its_signature(send):
    signature = (
        "AWS4-HMAC-SHA256 Credential=laptop/20260101/us-east-1/xray/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )

    assert send(body_of(span()), authorization=signature)[0] == 200


def test_when_too_much_waits_to_be_written_the_exporter_shall_come_again(store, send, monkeypatch):
    monkeypatch.setattr(writer, "QUEUE_BYTES", -1)
    status, fields, body = send(body_of(span()))

    assert (status, fields["Retry-After"]) == (503, "1")
    assert Status.FromString(body).code == code_pb2.UNAVAILABLE

    monkeypatch.undo()
    assert send(body_of(span()))[0] == 200


def test_when_the_disk_is_full_the_exporter_shall_come_again(store, send):
    store.writer._connection.execute("PRAGMA query_only = on")
    store.writer.put_all([])

    status, _, body = send(body_of(span()))

    assert status == 503
    assert "could not be written" in Status.FromString(body).message


def test_when_others_are_decoded_for_too_long_the_exporter_shall_come_again(store, monkeypatch):
    monkeypatch.setattr(receiver, "WAIT_S", 0.01)
    app = OtlpReceiver(store.writer, SpanLog(None))

    with app._decoding:
        assert sender(store, app)(body_of(span()))[0] == 503
    assert sender(store, app)(body_of(span()))[0] == 200


def test_a_failure_is_logged_and_told_as_such(send, monkeypatch, caplog):
    monkeypatch.setattr(receiver, "take", lambda *_, **_kw: 1 / 0)

    assert send(body_of(span()))[0] == 500
    assert "ZeroDivisionError" in caplog.text
