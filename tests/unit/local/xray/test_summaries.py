"""Trace summaries, as the service answers them."""

import pytest

from local.xray.summaries import summarize
from tests.unit.local.xray.documents import START, TRACE, segment, subsegment, table_call, trace


def test_a_summary_is_about_the_root_and_lists_every_service():
    http = {"request": {"url": "http://shop/api/orders", "method": "POST"}, "response": {"status": 201}}
    call = subsegment("host", label="call", namespace="remote", took=0.3)
    summary = summarize(
        trace(
            segment("storefront", took=0.2, http=http, user="ada", subsegments=[call]),
            segment("orders", parent="call", start=0.1, took=0.5, subsegments=[table_call("lantern-orders")]),
        )
    )

    assert (summary["Id"], summary["StartTime"], summary["Duration"], summary["ResponseTime"]) == (
        TRACE,
        START,
        0.6,
        0.2,
    )
    assert summary["Http"] == {"HttpURL": "http://shop/api/orders", "HttpMethod": "POST", "HttpStatus": 201}
    assert summary["Users"] == [{"UserName": "ada"}]
    assert {(s["Name"], s["Type"]) for s in summary["ServiceIds"]} == {
        ("storefront", None),
        ("storefront", "client"),
        ("orders", None),
        ("lantern-orders", "AWS::DynamoDB::Table"),
    }
    assert summary["EntryPoint"]["Name"] == "storefront"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, (False, False, False)),
        ({"error": True}, (False, True, False)),
        ({"fault": True}, (True, False, False)),
        ({"throttle": True, "error": True}, (False, False, True)),
    ],
)
def test_a_throttled_root_has_no_error_flag(flags, expected):
    summary = summarize(trace(segment("storefront", **flags)))

    assert (summary["HasFault"], summary["HasError"], summary["HasThrottle"]) == expected


def test_a_failure_below_the_root_sets_no_flag_of_the_trace():
    call = subsegment("host", label="call", namespace="remote", fault=True)
    summary = summarize(
        trace(segment("storefront", subsegments=[call]), segment("orders", parent="call", fault=True))
    )

    assert not summary["HasFault"]


def test_a_trace_in_progress_has_no_duration_and_is_not_partial():
    document = segment("orders") | {"in_progress": True}
    del document["end_time"]

    summary = summarize(trace(document))

    assert (summary["Duration"], summary["ResponseTime"], summary["IsPartial"]) == (None, None, False)


def test_annotations_keep_their_kind():
    summary = summarize(trace(segment("orders", annotations={"version": "1.0", "tries": 2, "gift": True})))

    assert {key: values[0]["AnnotationValue"] for key, values in summary["Annotations"].items()} == {
        "version": {"StringValue": "1.0"},
        "tries": {"NumberValue": 2},
        "gift": {"BooleanValue": True},
    }
