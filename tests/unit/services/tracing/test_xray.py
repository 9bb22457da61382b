"""What a traced request leaves behind: its segment, its ids and its answer's header."""

import json
import logging
from types import SimpleNamespace

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from botocore.exceptions import ClientError
from flask import Flask

from services import tracing
from services.common import logs, problems
from services.orders import recovery
from services.tracing import headers, quiet, xray

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
SAMPLED = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(name="segments")
def _segments(monkeypatch):
    """The documents of the segments that would be sent; the SDK is on, and no library is patched for good."""
    documents = []
    emitter = SimpleNamespace(send_entity=lambda segment: documents.append(json.loads(segment.serialize())))
    monkeypatch.setattr(xray_recorder, "_emitter", emitter)
    monkeypatch.setattr(
        xray_recorder, "_sampling", False
    )  # every request is sampled, and no rule is asked for
    monkeypatch.setattr(xray, "BackgroundEmitter", SimpleNamespace)
    monkeypatch.setattr(xray, "patch", lambda _: None)
    monkeypatch.setattr(tracing, "_way", xray)
    global_sdk_config.set_sdk_enabled(True)
    yield documents
    global_sdk_config.set_sdk_enabled(False)
    xray_recorder.clear_trace_entities()


@pytest.fixture(name="client")
def _client(segments):
    app = Flask("orders")
    app.extensions["settings"] = SimpleNamespace(version="1.2.3", tracing="xray")
    for part in (tracing, problems):
        part.init_app(app)

    @app.get("/orders")
    def show():
        tracing.annotate("order_id", "ord-1")
        return {"trace_id": logs.current().trace_id, "segment_id": logs.current().segment_id}

    @app.get("/bug")
    def bug():
        raise KeyError("no such shelf")

    @app.get("/healthz")
    def healthz():
        return {}

    return app.test_client()


def get(client, path="/orders", header=SAMPLED):
    return client.get(path, headers={"X-Amzn-Trace-Id": header} if header else {})


def test_segment_log_lines_and_answer_have_the_callers_trace_id(client, segments):
    answer = get(client)

    (segment,) = segments
    assert (segment["name"], segment["trace_id"], segment["parent_id"]) == (
        "orders",
        ROOT,
        "53995c3f42cd8ad8",
    )
    assert answer.json == {"trace_id": ROOT, "segment_id": segment["id"]}
    assert answer.headers["X-Amzn-Trace-Id"].startswith(f"Root={ROOT}")


def test_a_segment_is_annotated_with_the_version_and_what_the_route_adds(client, segments):
    get(client)

    assert segments[0]["annotations"] == {"version": "1.2.3", "order_id": "ord-1"}


def test_an_unsampled_request_sends_no_segment_and_keeps_its_trace_id(client, segments):
    answer = get(client, header=f"Root={ROOT};Sampled=0")

    assert (segments, answer.json["trace_id"]) == ([], ROOT)


@pytest.mark.parametrize(
    "header",
    ["Root=1-x;Sampled=1", f"Root={ROOT};Parent=short;Sampled=1", f"Root={ROOT.upper()};Sampled=1", "Root="],
)
def test_a_header_with_malformed_ids_is_ignored(client, header):
    answer = get(client, header=header)

    trace_id = answer.json["trace_id"]
    assert trace_id != ROOT
    assert headers.read({headers.XRAY: f"Root={trace_id}"}).root == trace_id


@pytest.mark.parametrize("header", [SAMPLED, "Sampled=1", ""])
def test_operational_routes_are_never_traced(client, segments, header):
    assert get(client, "/healthz", header).status_code == 200
    assert segments == []


def test_a_bug_is_an_exception_on_its_segment(client, segments):
    assert get(client, "/bug").status_code == 500

    (segment,) = segments
    (exception,) = segment["cause"]["exceptions"]
    assert (segment["fault"], segment["http"]["response"]["status"]) == (True, 500)
    assert (exception["type"], exception["message"]) == ("KeyError", "'no such shelf'")
    assert exception["stack"][-1]["label"] == "bug"


def test_switched_off_the_answer_and_the_log_lines_still_have_one_trace_id(client, segments):
    global_sdk_config.set_sdk_enabled(False)

    continued, new = get(client), get(client, header="")

    assert (continued.json["trace_id"], continued.headers["X-Amzn-Trace-Id"]) == (ROOT, f"Root={ROOT}")
    assert new.headers["X-Amzn-Trace-Id"] == f"Root={new.json['trace_id']}"
    assert segments == []


def test_work_that_no_request_asked_for_is_a_segment_of_its_own(segments):
    with tracing.background_segment("orders", order_id="ord-1"):
        ids = logs.current()

    (segment,) = segments
    assert (segment["name"], segment["annotations"]) == ("orders", {"order_id": "ord-1"})
    assert (ids.trace_id, ids.segment_id) == (segment["trace_id"], segment["id"])
    assert logs.current() == logs.Identity()


def test_work_between_requests_is_neither_traced_nor_complained_of(segments, caplog):
    with tracing.untraced(), xray_recorder.in_subsegment("DynamoDB"):
        pass

    assert segments == []
    assert caplog.records == []


def test_log_lines_know_whether_their_trace_is_sampled(client):
    @client.application.get("/sampled")
    def sampled():
        return {"is_sampled": logs.current().is_sampled}

    for decision in (True, False):
        answer = get(client, "/sampled", header=f"Root={ROOT};Sampled={decision:d}")
        assert answer.json == {"is_sampled": decision}


def test_looking_for_abandoned_orders_is_no_trace_and_no_warning(segments, caplog):
    class Table:
        def abandoned(self, _older_than_s):
            with xray_recorder.in_subsegment("DynamoDB"):
                return []

    recovery.recover(Table(), None)

    assert segments == []
    assert caplog.records == []


def dynamodb_call(parameters, error=None):
    """The subsegment of a DynamoDB call, as it is described."""
    subsegment = Subsegment("DynamoDB", "aws", Segment("orders"))
    endpoint = SimpleNamespace(_client_config=SimpleNamespace(region_name="us-east-1"))
    client = SimpleNamespace(
        meta=SimpleNamespace(region_name="us-east-1"),
        _service_model=SimpleNamespace(service_name="dynamodb"),
        _endpoint=endpoint,
    )
    xray._describe_aws_call(
        wrapped=None,
        instance=client,
        args=("TransactWriteItems", parameters),
        kwargs={},
        return_value={"ResponseMetadata": {"HTTPStatusCode": 200}} if error is None else None,
        exception=error,
        subsegment=subsegment,
        stack=[],
    )
    return subsegment.to_dict()


def put(table):
    return {"Put": {"TableName": table}}


@pytest.mark.parametrize(
    ("parameters", "table"),
    [
        ({"TransactItems": [put("orders"), {"Update": {"TableName": "orders"}}]}, "orders"),
        ({"RequestItems": {"orders": []}}, "orders"),
        ({"TransactItems": [put("orders"), put("products")]}, None),
    ],
)
def test_a_batch_or_transaction_about_one_table_names_it(parameters, table):
    assert dynamodb_call(parameters)["aws"].get("table_name") == table


@pytest.mark.parametrize(
    ("code", "status", "flags"),
    [
        ("TransactionCanceledException", 400, {"error"}),
        ("ThrottlingException", 400, {"error", "throttle"}),
        ("InternalServerError", 500, {"fault"}),
    ],
)
def test_a_refused_call_is_an_error_a_throttle_or_a_fault(code, status, flags):
    answer = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}

    subsegment = dynamodb_call({"TransactItems": [put("orders")]}, ClientError(answer, "TransactWriteItems"))

    assert {flag for flag in ("error", "throttle", "fault") if subsegment.get(flag)} == flags


def test_the_sdk_may_log_a_message_once_a_minute_and_others_always(monkeypatch):
    sdk, ours = (
        logging.LogRecord(name, logging.ERROR, "", 0, "cannot reach %s", ("the daemon",), None)
        for name in ("aws_xray_sdk.core", "services.orders")
    )
    monkeypatch.setattr(quiet, "_logged_at_s", {})
    clock = [0.0]
    monkeypatch.setattr(quiet.time, "monotonic", lambda: clock[0])

    logged = []
    for clock[0] in (100.0, 101.0, 159.0, 161.0):
        logged.append((quiet._once_a_minute(sdk), quiet._once_a_minute(ours)))

    assert logged == [(True, True), (False, True), (False, True), (True, True)]


def test_the_sdks_log_lines_go_through_that_filter(client):
    assert all(quiet._once_a_minute in handler.filters for handler in logging.getLogger().handlers)
