"""Answers of the real service, as others recorded them on 2026-09-23, from documents of the same shape.

https://github.com/radkawar/stackd/tree/9dc356f5e5cc49d2d334178a09c1398dd1c62617/testdata/aws/xray
Each test names the recording; names, ids and times are this module's own.
"""

import pytest

from local.xray.operations.batch_get_traces import answer as batch_get_traces
from local.xray.service_graph import trace_graph
from local.xray.summaries import summarize
from local.xray.traces import node_of
from tests.unit.local.xray.documents import entity_id, segment, subsegment, trace


def exception(name):
    return {
        "cause": {"exceptions": [{"id": entity_id(f"ex-{name}"), "type": f"{name}Error", "message": name}]}
    }


def branch(name, *, start=1.0, took=6.0, **fields):
    """A failed subsegment of a root that takes ten seconds."""
    return subsegment(name, start=start, took=took, **{"fault": True, **fields})


def root(*children, **fields):
    return segment("root", took=10.0, subsegments=list(children), **{"fault": True, **fields})


def paths(causes):
    """Names of the entities, a list for each service, of each cause."""
    return [[[entity["Name"] for entity in s["EntityPath"]] for s in cause["Services"]] for cause in causes]


def fault_causes(*documents):
    return summarize(trace(*documents))["FaultRootCauses"]


ASSEMBLY = (
    segment(
        "front",
        took=2.0,
        user="user",
        annotations={"rank": 0, "enabled": True},
        http={"request": {"url": "https://shop/assembly", "method": "GET"}, "response": {"status": 200}},
        aws={"ec2": {"instance_id": "i-0123456789abcdef0", "availability_zone": "us-west-2a"}},
        subsegments=[
            subsegment("local-work", start=0.1, took=0.1),
            subsegment("back", label="call-b", namespace="remote", start=0.25, took=1.5, fault=True),
        ],
    ),
    segment("back", parent="call-b", start=0.5, took=6.5, fault=True, user="back-user", **exception("Owned")),
    subsegment(
        "database",
        start=1.0,
        took=5.0,
        namespace="aws",
        aws={"operation": "GetItem", "table_name": "a-table", "resource_names": ["a-table"]},
        error=True,
        throttle=True,
    )
    | {"type": "subsegment", "trace_id": segment("x")["trace_id"], "parent_id": entity_id("back")},
)


def test_a_failure_that_the_caller_caught_is_a_cause_that_starts_at_the_failing_service():
    """trace_queries.json, initial-summaries-poll-1, kind assembly."""
    (cause,) = summarize(trace(*ASSEMBLY))["FaultRootCauses"]

    assert cause["ClientImpacting"] is False
    (service,) = cause["Services"]
    assert (service["Name"], service["Type"], service["Inferred"]) == ("back", None, False)
    assert service["EntityPath"] == [
        {"Name": "back", "Exceptions": [{"Name": "OwnedError", "Message": "Owned"}], "Remote": False}
    ]


def test_a_throttled_call_without_a_callees_segment_is_an_error_cause():
    """trace_queries.json, initial-summaries-poll-1, kind assembly."""
    summary = summarize(trace(*ASSEMBLY))

    (cause,) = summary["ErrorRootCauses"]
    (service,) = cause["Services"]
    assert cause["ClientImpacting"] is False
    assert (service["Name"], service["Type"], service["Inferred"]) == ("database", "AWS::database", True)
    assert service["EntityPath"] == [{"Name": "database", "Exceptions": [], "Remote": False}]
    assert (summary["HasError"], summary["HasFault"], summary["HasThrottle"]) == (False, False, False)


def test_a_callee_that_takes_longer_than_the_root_explains_no_delay():
    """trace_queries.json, initial-summaries-poll-1, kind assembly."""
    (cause,) = summarize(trace(*ASSEMBLY))["ResponseTimeRootCauses"]

    (service,) = cause["Services"]
    assert service["EntityPath"] == [
        {"Name": "front", "Coverage": 1.0, "Remote": False},
        {"Name": "back", "Coverage": 0.75, "Remote": True},
    ]


def test_a_summary_lists_zones_instances_resources_and_users_of_any_segment():
    """trace_queries.json, initial-summaries-poll-1, kind assembly."""
    summary = summarize(trace(*ASSEMBLY))

    assert summary["AvailabilityZones"] == [{"Name": "us-west-2a"}]
    assert summary["InstanceIds"] == [{"Id": "i-0123456789abcdef0"}]
    assert summary["ResourceARNs"] == []
    assert {user["UserName"] for user in summary["Users"]} == {"user", "back-user"}
    assert (summary["Duration"], summary["ResponseTime"], summary["IsPartial"]) == (7.0, 2.0, False)
    assert {(s["Name"], s["Type"]) for s in summary["ServiceIds"]} == {
        ("front", None),
        ("front", "client"),
        ("back", None),
        ("database", "AWS::database"),
    }


def test_a_segment_whose_parent_is_missing_is_not_the_root():
    """query_sampling_edges.json, omitted-default, kind orphan."""
    http = {"request": {"url": "https://shop/"}, "response": {"status": 200}}
    summary = summarize(trace(segment("front", parent="nobody", took=0.25, http=http)))

    assert (summary["EntryPoint"], summary["ResponseTime"], summary["Http"]) == (None, None, {})
    assert (summary["Duration"], summary["IsPartial"]) == (0.25, True)
    assert summary["ServiceIds"] == [{"Name": "front", "Names": ["front"], "Type": None}]


@pytest.mark.parametrize(
    ("share", "fields", "services"),
    [
        (0.75, {}, [[("root", 1.0, False), ("child", 0.75, False)]]),
        (
            0.75,
            {"namespace": "remote"},
            [[("root", 1.0, False), ("child", 0.75, True)], [("child", 0.75, False)]],
        ),
        (0.5, {"namespace": "remote"}, None),
        (0.25, {"namespace": "remote"}, None),
    ],
)
def test_a_delay_is_explained_by_a_child_of_more_than_half(share, fields, services):
    """trace_projection_edges.json: local-majority, remote-majority, remote-half, remote-minority."""
    child = subsegment("child", start=0.1, took=4 * share, **fields)
    causes = summarize(trace(segment("root", took=4.0, subsegments=[child])))["ResponseTimeRootCauses"]

    assert [
        [[(e["Name"], e["Coverage"], e["Remote"]) for e in s["EntityPath"]] for s in cause["Services"]]
        for cause in causes
    ] == ([services] if services else [])


def test_an_exception_of_a_call_stays_with_the_caller_and_the_callee_has_none():
    """trace_projection_edges.json: remote-fault."""
    (cause,) = fault_causes(root(branch("child", namespace="remote", **exception("Child"))))

    assert cause["ClientImpacting"] is True
    caller, callee = cause["Services"]
    assert [(e["Name"], e["Remote"], len(e["Exceptions"])) for e in caller["EntityPath"]] == [
        ("root", False, 0),
        ("child", True, 1),
    ]
    assert (callee["Name"], callee["Type"], callee["Inferred"]) == ("child", "remote", True)
    assert callee["EntityPath"] == [{"Name": "child", "Exceptions": [], "Remote": False}]


def test_two_failed_branches_are_one_cause():
    """cause_branch_edges.json: baseline, array-reversed, root-exception. Which one, AWS leaves open."""
    for fields in ({}, exception("Root")):
        causes = fault_causes(root(branch("A", **exception("A")), branch("B", **exception("B")), **fields))

        assert [cause["ClientImpacting"] for cause in causes] == [True]
        assert paths(causes) in ([[["root", "A"]]], [[["root", "B"]]])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({**exception("A")}, {}, [[["root", "A"]]]),
        ({}, {**exception("B")}, [[["root", "B"]]]),
        ({**exception("A")}, {"fault": False, **exception("B")}, [[["root", "A"]]]),
        ({**exception("A"), "namespace": "remote"}, {**exception("B")}, [[["root", "A"], ["A"]]]),
        ({**exception("A")}, {"namespace": "remote"}, [[["root", "B"], ["B"]]]),
        ({}, {}, []),
    ],
)
def test_a_path_leads_to_an_exception_and_before_it_into_a_failed_call(a, b, expected):
    """cause_branch_edges.json: exception-A-only, flag-A-only, remote-A, remote-B, empty-leaf."""
    assert paths(fault_causes(root(branch("A", **a), branch("B", start=2.0, **b)))) == expected


def test_failed_local_work_below_a_root_that_did_not_fail_is_no_cause():
    """cause_branch_edges.json: root-not-flagged."""
    assert fault_causes(root(branch("A", **exception("A")), fault=False)) == []


def test_flags_without_an_exception_at_the_end_of_a_path_are_left_out():
    """cause_branch_edges.json: empty-chain, gap-exception."""
    deep = branch("A", **exception("A"), subsegments=[branch("B", start=1.5, took=1.0)])
    gap = branch("A", subsegments=[branch("B", start=1.5, took=1.0, **exception("B"))])

    assert paths(fault_causes(root(deep))) == [[["root", "A"]]]
    assert paths(fault_causes(root(gap))) == [[["root", "A", "B"]]]


@pytest.mark.parametrize(
    ("reference", "b", "expected"),
    [
        ("ex-A", {}, [[["root", "A"]]]),
        ("ex-B", {}, [[["root", "B"]]]),
        ("ex-none", {}, []),
        ("ex-A", {"namespace": "remote"}, [[["root", "A"]], [["B"]]]),
        ("ex-none", {"namespace": "remote"}, [[["B"]]]),
    ],
)
def test_a_reference_to_an_exception_decides_the_branch(reference, b, expected):
    """cause_branch_edges.json: reference-A, -B, -missing, local- and missing-reference-over-remote."""
    causes = fault_causes(
        root(
            branch("A", **exception("A")),
            branch("B", start=2.0, **exception("B"), **b),
            cause=entity_id(reference),
        )
    )

    assert paths(causes) == expected
    assert [cause["ClientImpacting"] for cause in causes] == [path[0][0] == "root" for path in expected]


def documents_of(*sent):
    """What BatchGetTraces answers, parsed, by the document's name."""
    return {document["name"]: document for document in trace(*sent).documents}


CALLS = {
    "DynamoDB": ("table_name", "a-table", "AWS::DynamoDB::Table"),
    "S3": ("bucket_name", "a-bucket", "AWS::S3::Bucket"),
    "SQS": ("queue_url", "https://sqs.us-west-2.amazonaws.com/000000000000/a-queue", "AWS::SQS::Queue"),
    "SNS": ("topic_arn", "arn:aws:sns:us-west-2:000000000000:a-topic", "AWS::SNS"),
    "Lambda": ("function_name", "a-function", "AWS::Lambda"),
}


@pytest.mark.parametrize(("service", "resource"), CALLS.items())
def test_a_call_with_an_operation_infers_the_resource(service, resource):
    """inferred_documents.json, trace …5e751fdffedeafb8430cc013."""
    field, name, origin = resource
    call = subsegment(service, namespace="aws", aws={"operation": "Use", field: name})

    inferred = documents_of(segment("front", subsegments=[call]))[service]

    assert (inferred["origin"], inferred["inferred"], inferred["parent_id"]) == (origin, True, call["id"])
    assert inferred["aws"] == {"operation": "Use", field: name, "resource_names": [name]}
    assert node_of(inferred) == (name, origin)
    queue_times = [(c["name"], c["start_time"], c["end_time"]) for c in inferred.get("subsegments", ())]
    expected = [("QueueTime", call["start_time"], call["end_time"])] if service == "SQS" else []
    assert queue_times == expected


@pytest.mark.parametrize(("service", "resource"), CALLS.items())
def test_a_call_without_an_operation_infers_the_service(service, resource):
    """inferred_documents.json, trace …a5e10cd2e291fc1def3d3620."""
    field, name, _ = resource
    call = subsegment(service, namespace="aws", aws={field: name, "region": "us-west-2"})

    inferred = documents_of(segment("front", subsegments=[call]))[service]

    assert inferred["origin"] == f"AWS::{service}"
    assert inferred["aws"] == {field: name, "region": "us-west-2"}
    assert "subsegments" not in inferred
    assert node_of(inferred) == (service, f"AWS::{service}")


def test_the_inferred_segment_of_a_foreign_host_has_no_origin():
    """inferred_documents.json, trace …bb7d9ea64dfa9798043e81d2."""
    call = subsegment("host", namespace="remote", fault=True, http={"response": {"status": 500}})

    inferred = documents_of(segment("front", subsegments=[call]))["host"]

    assert "origin" not in inferred
    assert (inferred["fault"], inferred["http"]) == (True, {"response": {"status": 500}})
    assert node_of(inferred) == ("host", "remote")


def test_the_graph_of_a_trace_has_no_times():
    """duration_edges.json, retained-fault-trace-graph."""
    services = trace_graph([trace(root(branch("child", namespace="remote")))])

    nodes = [(s["Name"], s["Type"], s["State"], s["Root"]) for s in services]
    assert nodes == [
        ("child", "remote", "passive", None),
        ("root", None, "active", True),
        ("root", "client", "unknown", None),
    ]
    timed = [*services, *(edge for service in services for edge in service["Edges"])]
    assert {(part["StartTime"], part["EndTime"]) for part in timed} == {(None, None)}


class Traces:
    """Stands in for the backend of BatchGetTraces."""

    def __init__(self, *traces):
        self._traces = traces

    def traces(self, _trace_ids):
        return list(self._traces)


def test_a_trace_of_strays_has_no_segments_and_no_duration():
    stray = subsegment("lost", namespace="remote") | {
        "type": "subsegment",
        "trace_id": segment("x")["trace_id"],
        "parent_id": entity_id("nobody"),
    }
    strays = trace(stray)

    (answered,) = batch_get_traces({"TraceIds": [strays.trace_id]}, Traces(strays))["Traces"]

    assert (answered["Segments"], answered["Duration"], answered["LimitExceeded"]) == ([], None, False)
    assert summarize(strays)["Duration"] is None
