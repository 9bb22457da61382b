"""Segments as spans of the log group aws/spans: one for each segment and subsegment."""

import pytest

from local.xray.segment_spans import spans_of
from tests.unit.local.xray.documents import (
    START,
    TRACE,
    entity_id,
    independent,
    segment,
    subsegment,
    table_call,
    unfinished,
)

EXCEPTION = {
    "id": "a" * 16,
    "type": "KeyError",
    "message": "no such lantern",
    "stack": [{"path": "placing.py", "line": 7, "label": "place"}],
}


def test_a_segment_and_what_it_did_are_spans_of_one_resource():
    document = segment(
        "orders",
        parent="call-o",
        took=0.25,
        fault=True,
        user="ada",
        http={"request": {"url": "http://shop/", "method": "POST"}, "response": {"status": 500}},
        origin="AWS::ECS::Container",
        aws={"ecs": {"container": "task"}, "xray": {"sdk": "X-Ray for Python", "sdk_version": "2.15"}},
        service={"version": "1.0"},
        annotations={"order_id": "o-1"},
        metadata={"default": {"tries": 2}, "shop": {"deep": [1]}},
        cause={"exceptions": [EXCEPTION]},
        links=[{"trace_id": TRACE, "id": entity_id("producer")}, {"id": 5}, "odd"],
        subsegments=[subsegment("placing", subsegments=[table_call("lantern-orders", error=True)])],
    )

    own, placing, call = spans_of(document)

    digits = TRACE[2:].replace("-", "")
    assert [s["traceId"] for s in (own, placing, call)] == [digits] * 3
    assert [s["kind"] for s in (own, placing, call)] == ["SERVER", "INTERNAL", "CLIENT"]
    assert own["parentSpanId"] == entity_id("call-o")
    assert (placing["parentSpanId"], call["parentSpanId"]) == (own["spanId"], placing["spanId"])
    assert own["startTimeUnixNano"] == int(START * 1e9)
    assert own["durationNano"] == pytest.approx(0.25e9, abs=1000)
    assert (
        own["resource"]["attributes"]
        == placing["resource"]["attributes"]
        == {
            "service.name": "orders",
            "service.version": "1.0",
            "cloud.provider": "aws",
            "cloud.platform": "aws_ecs",
            "container.name": "task",
        }
    )
    assert own["scope"] == {"name": "X-Ray for Python", "version": "2.15"}
    assert own["attributes"] == {
        "http.request.method": "POST",
        "url.full": "http://shop/",
        "http.response.status_code": 500,
        "enduser.id": "ada",
        "tries": 2,
        "shop.deep": [1],
        "order_id": "o-1",
        "aws.xray.annotations": ["order_id"],
    }
    assert own["events"][0]["attributes"] == {
        "exception.type": "KeyError",
        "exception.message": "no such lantern",
        "exception.stacktrace": "place (placing.py:7)",
    }
    assert own["links"] == [{"traceId": digits, "spanId": entity_id("producer")}]
    assert call["attributes"] == {
        "rpc.system": "aws-api",
        "rpc.service": "dynamodb",
        "rpc.method": "GetItem",
        "cloud.region": "us-east-1",
        "aws.dynamodb.table_names": ["lantern-orders"],
    }
    assert [s["status"]["code"] for s in (own, placing, call)] == ["ERROR", "UNSET", "ERROR"]


@pytest.mark.parametrize(
    ("flags", "code"), [({"error": True}, "UNSET"), ({"throttle": True}, "UNSET"), ({"fault": True}, "ERROR")]
)
def test_a_servers_4xx_is_no_error_of_its_span(flags, code):
    """https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status"""
    (span,) = spans_of(segment("orders", **flags))

    assert span["status"]["code"] == code


def test_what_has_not_ended_is_no_span_yet():
    document = unfinished(segment("orders", subsegments=[subsegment("done"), unfinished(subsegment("open"))]))

    assert [span["name"] for span in spans_of(document)] == ["done"]


def test_an_independent_subsegment_is_the_span_of_a_caller_without_a_service():
    (span,) = spans_of(independent("catalog:8080", "orders", namespace="remote"))

    assert (span["kind"], span["parentSpanId"]) == ("CLIENT", entity_id("orders"))
    assert span["resource"]["attributes"] == {}
