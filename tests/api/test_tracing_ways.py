"""The shop traced by the X-Ray SDK, by OpenTelemetry, and by both at once: one trace, with the same nodes.

Services are restarted one at a time, in an order in which each next combination differs in one service.
"""

import json
import re
import time

import pytest
import requests

from tests.shop import SERVICES, running
from tests.waiting import wait_until

WAYS = ("xray", "opentelemetry")
# a Gray code of three bits: storefront, catalog, orders
COMBINATIONS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1), (1, 0, 0))
ALL = pytest.mark.parametrize("ways", COMBINATIONS, indirect=True, scope="module", ids=str)
# where one service differs, and where all are traced by OpenTelemetry
SOME = pytest.mark.parametrize("ways", [(0, 1, 1), (1, 1, 1)], indirect=True, scope="module", ids=str)
NODES = {
    ("storefront", "client"),
    ("storefront", None),
    ("orders", None),
    ("catalog", None),
    ("lantern-orders", "AWS::DynamoDB::Table"),
    ("lantern-products", "AWS::DynamoDB::Table"),
}
EDGES = {
    ("storefront", "storefront"),
    ("storefront", "orders"),
    ("orders", "catalog"),
    ("orders", "lantern-orders"),
    ("catalog", "lantern-products"),
}


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory):
    """A shop of its own: its services are started again and again."""
    with running(tmp_path_factory.mktemp("ways"), FAULTS="on") as shop:
        yield shop


@pytest.fixture(scope="module", name="ways")
def _ways(request, shop):
    """The way of each service, after those that differ were started again."""
    ways = {name: WAYS[bit] for name, bit in zip(SERVICES, request.param, strict=True)}
    for name, way in ways.items():
        if shop[name].environ["TRACING"] != way:
            shop[name].kill()  # all that it sent is there; a graceful stop waits for idle connections
            shop.restart(name, TRACING=way)
    shop.wait_ready()
    return ways


def whole_trace(shop, answer, segments=3):
    """Its documents once all services have sent theirs."""
    trace_id = re.search(r"Root=([\w-]+)", answer.headers["X-Amzn-Trace-Id"])[1]

    def fetch():
        traces = shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        documents = [json.loads(part["Document"]) for trace in traces for part in trace["Segments"]]
        own = [document for document in documents if not document.get("inferred")]
        return documents if len(own) >= segments and not partial(shop, trace_id) else None

    return trace_id, wait_until(fetch, 8, f"the trace {trace_id} is whole")


def partial(shop, trace_id):
    now = time.time()
    found = shop.client("xray").get_trace_summaries(StartTime=now - 300, EndTime=now + 60)["TraceSummaries"]
    return next((summary["IsPartial"] for summary in found if summary["Id"] == trace_id), True)


def graph_of(shop, trace_id):
    nodes = shop.client("xray").get_trace_graph(TraceIds=[trace_id])["Services"]
    names = {node["ReferenceId"]: node["Name"] for node in nodes}
    edges = {(node["Name"], names[edge["ReferenceId"]]) for node in nodes for edge in node["Edges"]}
    return {(node["Name"], node.get("Type")) for node in nodes}, edges


@ALL
def test_an_order_is_one_trace_with_the_same_nodes_and_its_id_in_all_logs(shop, ways):
    sku = shop.add_product(f"lantern-{'-'.join(ways.values())}", 10)
    answer = shop.order(sku, f"order-{sku}", 1)
    trace_id, documents = whole_trace(shop, answer)

    assert answer.status_code == 201
    assert graph_of(shop, trace_id) == (NODES, EDGES)
    for document in documents:
        if not document.get("inferred"):
            assert (
                document["annotations"].items()
                >= {
                    "version": "1.0.0-test",
                    "sku": sku,
                    "order_id": answer.json()["order_id"],
                }.items()
            )
    for name in SERVICES:
        lines = [line for line in shop[name].lines() if line.get("trace_id") == trace_id]
        assert lines, name
        assert {line.get("sampled") for line in lines} == {None}, name


@SOME
def test_a_sold_out_lantern_is_an_error_and_a_failing_service_a_fault_with_its_exception(shop, ways):
    sku = shop.add_product(f"sold-out-{'-'.join(ways.values())}", 0)
    refused = shop.order(sku, f"order-{sku}")
    _, documents = whole_trace(shop, refused)
    assert refused.status_code == 409
    assert {document["name"] for document in documents if document.get("error")} >= set(SERVICES)
    assert not [document["name"] for document in documents if document.get("fault")]

    requests.put(f"{shop['catalog'].url}/faults", json={"error_share": 1}, timeout=5).raise_for_status()
    try:
        failed = requests.get(f"{shop.url}/api/products/{sku}", timeout=10)
        _, documents = whole_trace(shop, failed, segments=2)
    finally:
        requests.delete(f"{shop['catalog'].url}/faults", timeout=5)
    faults = {document["name"] for document in documents if document.get("fault")}
    assert failed.status_code >= 500
    assert faults >= {"storefront", "catalog"}


@SOME
def test_what_the_caller_does_not_sample_leaves_nothing_and_its_trace_id_is_logged(shop, ways):
    root = f"1-{int(time.time()):08x}-{len(ways):012x}{time.time_ns() % 16**12:012x}"
    headers = {"X-Amzn-Trace-Id": f"Root={root};Parent=53995c3f42cd8ad8;Sampled=0"}
    answer = requests.get(f"{shop.url}/api/products", headers=headers, timeout=10)
    sampled = requests.get(f"{shop.url}/api/products", timeout=10)

    assert f"Root={root}" in answer.headers["X-Amzn-Trace-Id"]
    whole_trace(shop, sampled, segments=2)  # what was sent before it would be there by now
    assert shop.client("xray").batch_get_traces(TraceIds=[root])["Traces"] == []
    for name in ("storefront", "catalog"):
        lines = [line for line in shop[name].lines() if line.get("trace_id") == root]
        assert {line.get("sampled") for line in lines} == {False}, name


@SOME
def test_a_w3c_header_and_a_bare_root_are_followed(shop, ways):
    digits = f"{int(time.time()):08x}{time.time_ns() % 16**12:024x}"
    root = f"1-{digits[:8]}-{digits[8:]}"
    parent = {"traceparent": f"00-{digits}-53995c3f42cd8ad8-01"}
    answer = requests.get(f"{shop.url}/api/products", headers=parent, timeout=10)
    assert f"Root={root}" in answer.headers["X-Amzn-Trace-Id"]

    bare = root[:-4] + "beef"
    answer = requests.get(f"{shop.url}/api/products", headers={"X-Amzn-Trace-Id": f"Root={bare}"}, timeout=10)
    trace_id, documents = whole_trace(shop, answer, segments=2)
    assert trace_id == bare
    assert [document["name"] for document in documents if "parent_id" not in document] == ["storefront"]


@SOME
def test_health_checks_leave_no_trace(shop, ways):
    answer = requests.get(f"{shop['orders'].url}/readyz", timeout=5)
    trace_id = re.search(r"Root=([\w-]+)", answer.headers["X-Amzn-Trace-Id"])[1]
    whole_trace(shop, requests.get(f"{shop.url}/api/products", timeout=10), segments=2)

    assert shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"] == []
