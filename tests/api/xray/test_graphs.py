"""The graph of one trace and statistics over time, as boto3 reads them."""

import os
import time

import pytest
import requests

from tests.api.xray.server import client_of, new_trace_id, refusal, running, segment, send
from tests.signatures import authorization
from tests.waiting import wait_until

SIGNED = {"Authorization": authorization("xray")}


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory):
    with running(tmp_path_factory.mktemp("xray")) as part:
        yield part


@pytest.fixture(scope="module", name="client")
def _client(xray):
    return client_of(xray)


def sent(xray, client, **fields):
    trace_id = new_trace_id()
    send(xray, segment(trace_id, **fields))
    wait_until(lambda: client.batch_get_traces(TraceIds=[trace_id])["Traces"])
    return trace_id


def test_the_graph_of_one_trace_is_of_that_trace_alone(xray, client):
    sent(xray, client, name="catalog")
    trace_id = sent(xray, client, name="orders")

    services = client.get_trace_graph(TraceIds=[trace_id])["Services"]

    assert [(service["Name"], service.get("Type")) for service in services] == [
        ("orders", None),
        ("orders", "client"),
    ]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "Zero trace ids provided"),
        ([new_trace_id(), new_trace_id()], "Currently only one trace Id is supported"),
        ([new_trace_id()], "Trace id not found"),
        (["1-2-3"], "Invalid traceId. ErrorCode: InvalidId"),
    ],
)
def test_a_trace_graph_takes_exactly_one_known_id(client, ids, message):
    assert refusal(client.get_trace_graph, TraceIds=ids) == ("InvalidRequestException", message)


def test_a_time_series_is_of_the_clients_edge_named_by_the_end_of_each_bucket(xray, client):
    """Bucketed by the time of receipt: a segment that began an hour ago counts where it arrived."""
    before = time.time()
    old = {"start_time": before - 3600, "end_time": before - 3599.5}
    sent(xray, client, name="orders", fault=True, **old)
    now = time.time()

    series = client.get_time_series_service_statistics(
        StartTime=before - 5, EndTime=now + 5, GroupName="Default"
    )

    points = series["TimeSeriesServiceStatistics"]
    times = [point["Timestamp"].timestamp() for point in points]
    assert times == sorted(times, reverse=True)
    assert all(end % 60 == 0 and before < end <= now + 60 for end in times)
    assert sum(point["EdgeSummaryStatistics"]["FaultStatistics"]["TotalCount"] for point in points) == 1
    assert {"Value": 0.5, "Count": 1} in [bar for point in points for bar in point["ResponseTimeHistogram"]]


def test_a_time_series_has_a_period_of_one_or_five_minutes(client):
    now = time.time()
    refused = refusal(
        client.get_time_series_service_statistics,
        StartTime=now - 60,
        EndTime=now,
        GroupName="Default",
        Period=90,
    )

    assert refused == ("InvalidRequestException", "Time period must be one of [60, 300]")


def test_root_causes_are_in_the_summary(xray, client):
    exception = {"id": os.urandom(8).hex(), "type": "KeyError", "message": "'lantern'"}
    trace_id = sent(xray, client, name="storefront", fault=True, cause={"exceptions": [exception]})
    now = time.time()

    pages = client.get_paginator("get_trace_summaries").paginate(StartTime=now - 60, EndTime=now)
    (summary,) = [s for page in pages for s in page["TraceSummaries"] if s["Id"] == trace_id]

    (cause,) = summary["FaultRootCauses"]
    assert cause["ClientImpacting"] is True
    assert cause["Services"][0]["EntityPath"][0]["Exceptions"] == [
        {"Name": "KeyError", "Message": "'lantern'"}
    ]
    assert summary["ResponseTimeRootCauses"] == []


@pytest.mark.parametrize(
    ("selector", "key", "count"),
    [
        ('service("payments")', "ServiceSummaryStatistics", 1),
        ('edge(id(type: "client"), "payments")', "EdgeSummaryStatistics", 1),
        ('service("nobody")', "ServiceSummaryStatistics", 0),
    ],
)
def test_a_selector_chooses_a_service_or_an_edge(xray, client, selector, key, count):
    if not client.get_trace_summaries(
        StartTime=time.time() - 60, EndTime=time.time(), FilterExpression='service("payments")'
    )["TraceSummaries"]:
        sent(xray, client, name="payments")
    now = time.time()

    points = client.get_time_series_service_statistics(
        StartTime=now - 60, EndTime=now + 1, GroupName="Default", EntitySelectorExpression=selector
    )["TimeSeriesServiceStatistics"]

    assert sum(point[key]["TotalCount"] for point in points) == count


def test_a_wrong_selector_is_refused(client):
    request = {"StartTime": 1, "EndTime": 2, "GroupName": "Default"}
    ask = client.get_time_series_service_statistics

    assert "must be service" in refusal(ask, **request, EntitySelectorExpression="fault")[1]
    assert "Invalid filter expression" in refusal(ask, **request, EntitySelectorExpression="service(")[1]


def test_a_link_is_an_edge_from_the_linked_trace(xray, client):
    """A consumer names the producer's segment, whose trace is another one."""
    producer = segment(new_trace_id(), "producer")
    send(xray, producer)
    wait_until(lambda: client.batch_get_traces(TraceIds=[producer["trace_id"]])["Traces"])
    sent(xray, client, name="consumer", links=[{"trace_id": producer["trace_id"], "id": producer["id"]}])
    now = time.time()

    services = client.get_service_graph(StartTime=now - 60, EndTime=now + 1)["Services"]

    nodes = {(service["Name"], service.get("Type")): service for service in services}
    (edge,) = nodes["producer", None]["Edges"]
    assert edge["EdgeType"] == "link"
    assert edge["ReferenceId"] == nodes["consumer", None]["ReferenceId"]
    assert edge["SummaryStatistics"]["TotalCount"] == 1


def test_absent_members_of_an_answer_are_null_on_the_wire(xray):
    """As the service writes it; boto3 drops it, other clients may count on it."""
    now = time.time()
    span = {"StartTime": now - 60, "EndTime": now}

    answer = requests.post(f"{xray.url}/ServiceGraph", json=span, headers=SIGNED, timeout=5).json()

    assert answer["NextToken"] is None
    assert all("AccountId" in service and service["AccountId"] is None for service in answer["Services"])


def test_a_stray_subsegment_breaks_no_answer(xray, client):
    """As a client leaves it that is killed between a call and the end of its segment."""
    stray = segment(new_trace_id(), "gone-host", namespace="remote", fault=True)
    send(xray, stray | {"type": "subsegment", "parent_id": os.urandom(8).hex()})
    (trace,) = wait_until(lambda: client.batch_get_traces(TraceIds=[stray["trace_id"]])["Traces"])
    now = time.time()

    graph = client.get_service_graph(StartTime=now - 60, EndTime=now + 1)
    of_trace = client.get_trace_graph(TraceIds=[stray["trace_id"]])

    assert (trace["Segments"], trace.get("Duration")) == ([], None)
    assert ("gone-host", "remote") in [(s["Name"], s.get("Type")) for s in graph["Services"]]
    assert [s["Name"] for s in of_trace["Services"]] == ["gone-host"]


def test_the_map_is_of_what_was_received_and_its_times_are_those_of_the_data(xray, client):
    """A segment that began an hour ago and arrives now is in the map of now, not in that of an hour ago."""
    began = time.time() - 3600
    sent(xray, client, name="an-hour-ago", start_time=began, end_time=began + 1)
    now = time.time()

    graph = client.get_service_graph(StartTime=now - 60, EndTime=now + 1)
    earlier = client.get_service_graph(StartTime=began - 60, EndTime=began + 60)
    span = {"StartTime": began - 60, "EndTime": began + 60}
    answer = requests.post(f"{xray.url}/ServiceGraph", json=span, headers=SIGNED, timeout=5).json()

    (node,) = [s for s in graph["Services"] if (s["Name"], s.get("Type")) == ("an-hour-ago", None)]
    assert node["StartTime"].timestamp() == int(began)
    assert node["EndTime"].timestamp() == int(began) + 1
    assert graph["StartTime"].timestamp() <= int(began)
    assert "an-hour-ago" not in [service["Name"] for service in earlier["Services"]]
    assert (answer["Services"], answer["StartTime"], answer["EndTime"]) == ([], None, None)
