"""The graph's numbers, worked out by hand."""

import pytest

from local.xray.service_graph import count_events, services
from tests.unit.local.xray.documents import START, segment, subsegment, table_call, trace


def shop_trace(**outcome):
    return trace(
        segment(
            "storefront",
            took=0.1,
            subsegments=[subsegment("127.0.0.1", label="call-o", namespace="remote", took=0.08, **outcome)],
        ),
        segment(
            "orders",
            parent="call-o",
            start=0.02,
            took=0.06,
            subsegments=[table_call("lantern-orders", took=0.02)],
        ),
    )


def service_graph(traces):
    return services(*count_events(traces, 0, 2e9))


def by_name(services):
    return {(s["Name"], s["Type"]): s for s in services}


def test_client_services_and_table_are_nodes_ordered_by_name():
    services = service_graph([shop_trace()])

    assert [(s["ReferenceId"], s["Name"], s["Type"], s["State"]) for s in services] == [
        (0, "lantern-orders", "AWS::DynamoDB::Table", "unknown"),
        (1, "orders", None, "active"),
        (2, "storefront", None, "active"),
        (3, "storefront", "client", "unknown"),
    ]
    assert [s["Root"] for s in services] == [None, None, True, None]


def test_the_client_has_no_numbers_and_its_edge_has_the_roots():
    client = by_name(service_graph([shop_trace()]))["storefront", "client"]

    assert "SummaryStatistics" not in client
    assert client["Edges"][0]["SummaryStatistics"]["TotalResponseTime"] == 0.1
    assert client["Edges"][0]["Aliases"] == []


def test_an_edge_has_the_callers_numbers_and_the_name_that_it_used():
    nodes = by_name(service_graph([shop_trace()]))
    (edge,) = nodes["storefront", None]["Edges"]

    assert edge["ReferenceId"] == nodes["orders", None]["ReferenceId"]
    assert edge["SummaryStatistics"]["TotalResponseTime"] == 0.08
    assert edge["ResponseTimeHistogram"] == [{"Value": 0.08, "Count": 1}]
    assert edge["Aliases"] == [{"Name": "127.0.0.1", "Names": ["127.0.0.1"], "Type": "remote"}]
    assert nodes["orders", None]["SummaryStatistics"]["TotalResponseTime"] == 0.06


@pytest.mark.parametrize(
    ("flags", "ok", "throttle", "error", "fault"),
    [
        ({}, 1, 0, 0, 0),
        ({"error": True}, 0, 0, 1, 0),
        ({"fault": True, "error": True}, 0, 0, 0, 1),
        ({"throttle": True, "error": True, "fault": True}, 0, 1, 0, 0),
    ],
)
def test_each_call_counts_once_by_throttle_fault_error_ok(flags, ok, throttle, error, fault):
    (edge,) = by_name(service_graph([shop_trace(**flags)]))["storefront", None]["Edges"]

    numbers = edge["SummaryStatistics"]
    assert (numbers["OkCount"], numbers["TotalCount"]) == (ok, 1)
    assert numbers["ErrorStatistics"] == {
        "ThrottleCount": throttle,
        "OtherCount": error,
        "TotalCount": throttle + error,
    }
    assert numbers["FaultStatistics"] == {"OtherCount": fault, "TotalCount": fault}


def test_traces_add_up():
    nodes = by_name(service_graph([shop_trace(), shop_trace(error=True)]))

    assert nodes["orders", None]["SummaryStatistics"]["TotalCount"] == 2
    (edge,) = nodes["storefront", None]["Edges"]
    assert edge["SummaryStatistics"]["OkCount"] == 1
    assert edge["ResponseTimeHistogram"] == [{"Value": 0.08, "Count": 2}]


def test_nodes_and_edges_span_the_second_in_which_the_trace_began():
    (table, *_) = service_graph([shop_trace()])

    assert (table["StartTime"], table["EndTime"]) == (START, START + 1)


def test_a_call_in_progress_is_shown_and_not_counted():
    document = segment("orders") | {"in_progress": True}
    del document["end_time"]

    node = by_name(service_graph([trace(document)]))["orders", None]

    assert node["SummaryStatistics"]["TotalCount"] == 0
