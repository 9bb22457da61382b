"""Assembling traces: documents in any order, independent and inferred segments, missing parents."""

import itertools

from local.xray.traces import node_of
from tests.unit.local.xray.documents import (
    TRACE,
    entity_id,
    independent,
    segment,
    subsegment,
    table_call,
    trace,
)


def test_independent_subsegments_are_merged_into_their_parent_in_any_order():
    documents = [
        segment("orders", subsegments=[subsegment("first")]),
        independent("streamed", "orders"),
        independent("below", "sub-streamed"),
    ]

    for order in itertools.permutations(documents):
        (tree,) = trace(*order).segments
        streamed = next(child for child in tree["subsegments"] if child["name"] == "streamed")
        assert [child["name"] for child in streamed["subsegments"]] == ["below"]
        assert not {"type", "parent_id", "trace_id"} & streamed.keys()


def test_a_subsegment_without_its_parent_is_kept_and_the_trace_is_partial():
    assembled = trace(segment("orders"), independent("lost", "nobody"))

    assert [orphan["name"] for orphan in assembled.strays] == ["lost"]
    assert assembled.is_partial


def test_a_segment_in_progress_is_not_partial():
    document = segment("orders") | {"in_progress": True}
    del document["end_time"]

    assembled = trace(document)

    assert not assembled.is_partial
    assert assembled.duration_s is None


def test_a_table_becomes_an_inferred_segment_with_a_stable_id():
    call = table_call("lantern-orders")

    first, second = (trace(segment("orders", subsegments=[call])).inferred[0] for _ in range(2))

    assert first == second
    assert (first["name"], first["origin"], first["inferred"]) == ("DynamoDB", "AWS::DynamoDB::Table", True)
    assert first["parent_id"] == call["id"]
    assert first["aws"]["resource_names"] == ["lantern-orders"]
    assert node_of(first) == ("lantern-orders", "AWS::DynamoDB::Table")


def test_an_aws_call_without_a_resource_is_named_after_its_service():
    call = subsegment("dynamodb", namespace="aws", aws={"operation": "ListTables"})

    (inferred,) = trace(segment("orders", subsegments=[call])).inferred

    assert node_of(inferred) == ("DynamoDB", "AWS::dynamodb")


def test_a_foreign_host_is_inferred_only_while_its_segment_is_missing():
    caller = segment("orders", subsegments=[subsegment("catalog-host", label="call", namespace="remote")])

    alone = trace(caller)
    whole = trace(caller, segment("catalog", parent="call", start=0.02, took=0.02))

    assert [node_of(d) for d in alone.inferred] == [("catalog-host", "remote")]
    assert whole.inferred == []
    assert [callee["name"] for callee in whole.calls[0].callees] == ["catalog"]


def test_a_local_subsegment_infers_nothing():
    assert trace(segment("orders", subsegments=[subsegment("render", namespace="local")])).inferred == []


def test_subsegments_in_a_circle_do_not_break_the_trace():
    documents = [independent("a", "sub-b"), independent("b", "sub-a"), segment("orders")]

    assembled = trace(*documents)

    assert {orphan["name"] for orphan in assembled.strays} <= {"a", "b"}
    assert assembled.trace_id == TRACE


def test_the_root_is_the_segment_without_a_parent():
    caller = segment("storefront", subsegments=[subsegment("host", label="call", namespace="remote")])

    assembled = trace(segment("orders", parent="call", start=0.02), caller)

    assert assembled.root["id"] == entity_id("storefront")
