"""One trace of an order holds every hop, and every service's log lines for it carry its id."""

import json
import re
import time

import pytest
import requests

from tests.shop import SERVICES, now, running
from tests.waiting import wait_until


def trace_id_of(answer):
    return re.search(r"Root=([\w-]+)", answer.headers["X-Amzn-Trace-Id"])[1]


def segments_of(shop, trace_id, at_least=3):
    def fetch():
        traces = shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        documents = [json.loads(s["Document"]) for t in traces for s in t["Segments"]]
        own = [d for d in documents if not d.get("inferred")]
        return documents if len(own) >= at_least else None

    return wait_until(fetch, 3, "the trace is whole")


@pytest.fixture(scope="module", name="bought")
def _bought(shop):
    sku = shop.add_product("lantern-that-is-traced", 10)
    answer = shop.order(sku, "order-that-is-traced", 2)
    assert answer.status_code == 201
    return answer


def test_the_aws_command_line_shows_the_service_graph_within_two_seconds(shop):
    sku = shop.add_product("lantern-on-the-map", 10)
    start, placed_at = now() - 5, time.monotonic()
    shop.order(sku, "order-on-the-map")

    def edges():
        graph = shop.aws(
            *(
                "xray",
                "get-service-graph",
                "--start-time",
                str(int(start)),
                "--end-time",
                str(int(now() + 1)),
            ),
            endpoint="xray",
        )
        names = {s["ReferenceId"]: (s["Name"], s.get("Type")) for s in graph["Services"]}
        pairs = {
            (s["Name"], names[e["ReferenceId"]][0]) for s in graph["Services"] for e in s.get("Edges", [])
        }
        tables = {("orders", "lantern-orders"), ("catalog", "lantern-products")}
        return pairs if tables <= pairs else None

    pairs = wait_until(edges, 4)

    assert {
        ("storefront", "storefront"),
        ("storefront", "orders"),
        ("orders", "catalog"),
        ("orders", "lantern-orders"),
        ("catalog", "lantern-products"),
    } <= pairs
    graph = shop.client("xray").get_service_graph(StartTime=start, EndTime=now() + 1)
    kinds = {(s["Name"], s.get("Type")) for s in graph["Services"]}
    assert ("lantern-orders", "AWS::DynamoDB::Table") in kinds
    assert ("lantern-products", "AWS::DynamoDB::Table") in kinds
    assert ("storefront", "client") in kinds
    assert time.monotonic() - placed_at < 6


def test_an_orders_trace_holds_every_hop(shop, bought):
    documents = segments_of(shop, trace_id_of(bought))

    names = {d["name"] for d in documents if not d.get("inferred")}
    assert names == {"storefront", "orders", "catalog"}
    operations = {
        (sub["aws"]["table_name"], sub["aws"]["operation"])
        for d in documents
        for sub in d.get("subsegments", [])
        if sub.get("namespace") == "aws"
    }
    assert operations == {
        ("lantern-orders", "PutItem"),
        ("lantern-orders", "UpdateItem"),
        ("lantern-products", "BatchGetItem"),
        ("lantern-products", "TransactWriteItems"),
    }


def test_segments_carry_version_order_and_sku_as_annotations(shop, bought):
    documents = segments_of(shop, trace_id_of(bought))

    for document in documents:
        if not document.get("inferred"):
            assert document["annotations"] == {
                "version": "1.0.0-test",
                "order_id": bought.json()["order_id"],
                "sku": "lantern-that-is-traced",
            }


def test_a_refused_order_is_an_error_and_no_fault_anywhere(shop):
    sku = shop.add_product("lantern-sold-out", 0)
    refused = shop.order(sku, "order-of-a-sold-out-lantern")

    documents = segments_of(shop, trace_id_of(refused))

    assert refused.status_code == 409
    assert not [d["name"] for d in documents if d.get("fault")]
    assert {d["name"] for d in documents if d.get("error")} >= {"storefront", "orders", "catalog"}


@pytest.mark.parametrize("sampled", ["1", "0"])
def test_every_services_log_lines_carry_the_trace_id_also_when_unsampled(shop, sampled):
    sku = shop.add_product(f"lantern-logged-{sampled}", 10)
    root = f"1-{int(now()):08x}-{'abcdef0123456789abcdef0' + sampled}"
    headers = {"X-Amzn-Trace-Id": f"Root={root};Sampled={sampled}", "X-Request-Id": f"request-{sampled}"}

    placed = shop.order(sku, f"order-logged-{sampled}", **headers)

    assert trace_id_of(placed) == root
    for name in SERVICES:
        (line,) = wait_until(lambda name=name: [x for x in shop[name].lines() if x["trace_id"] == root], 2)
        assert re.fullmatch(r"[0-9a-f]{16}", line["segment_id"])
        assert line["request_id"] == f"request-{sampled}"
        assert (line["status"], line["method"]) == (201, "PUT" if name == "catalog" else "POST")


def test_an_access_line_has_the_documented_fields_and_carries_the_metrics(shop, bought):
    trace_id = trace_id_of(bought)

    line = next(x for x in shop["orders"].lines() if x["trace_id"] == trace_id)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
    assert (line["level"], line["service"], line["version"]) == ("INFO", "orders", "1.0.0-test")
    assert (line["method"], line["route"], line["status"]) == ("POST", "/orders", 201)
    assert 0 < line["duration_ms"] < 2000
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Lantern", [["Service", "Version"]])
    assert {m["Name"] for m in directive["Metrics"]} >= {
        "Requests",
        "Errors",
        "Faults",
        "Latency",
        "OrdersPlaced",
    }
    for name in [*directive["Dimensions"][0], *(m["Name"] for m in directive["Metrics"])]:
        assert name in line


def test_every_line_of_every_service_is_one_json_object(shop, bought):
    for name in SERVICES:
        lines = shop[name].lines()
        assert all(isinstance(line, dict) and line["service"] == name for line in lines)
        assert any("Listening at" in line["message"] for line in lines), "gunicorn's own lines are JSON too"


def test_health_checks_are_not_traced(shop):
    answer = requests.get(f"{shop.url}/healthz", headers={"X-Amzn-Trace-Id": "Sampled=1"}, timeout=5)

    later = shop.order(shop.add_product("lantern-after-health", 1), "order-after-health")
    segments_of(shop, trace_id_of(later))
    assert shop.client("xray").batch_get_traces(TraceIds=[trace_id_of(answer)])["Traces"] == []


def test_every_request_is_sampled_from_the_first_one_on(shop, bought):
    """The SDK alone would sample 5 % until its poller has run."""
    first = [x["trace_id"] for x in shop["storefront"].lines() if x.get("route") == "/api/orders"][:3]

    sampled = [t["Id"] for t in shop.client("xray").batch_get_traces(TraceIds=first)["Traces"]]

    assert sampled == first


def test_an_odd_parent_in_the_header_does_not_cost_the_trace(shop):
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=nonsense;Sampled=1"

    answer = requests.get(f"{shop.url}/api/products", headers={"X-Amzn-Trace-Id": header}, timeout=5)

    assert {d["name"] for d in segments_of(shop, trace_id_of(answer), 2)} >= {"storefront", "catalog"}


def test_with_the_sdk_switched_off_log_lines_still_share_the_trace_id(tmp_path):
    with running(tmp_path, AWS_XRAY_SDK_ENABLED="false") as shop:
        trace_id = trace_id_of(shop.order("camp-ember-lantern", "order-untraced"))
        logged = {name: [x for x in shop[name].lines() if x["trace_id"] == trace_id] for name in SERVICES}
        summaries = shop.client("xray").get_trace_summaries(StartTime=now() - 60, EndTime=now())[
            "TraceSummaries"
        ]

    assert {name: len(lines) for name, lines in logged.items()} == dict.fromkeys(SERVICES, 1)
    assert summaries == []


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "xray.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:aws/spans:*",
        }
    ],
}


def test_with_transaction_search_each_span_of_an_order_is_a_line_of_the_log_group(shop):
    """Every trace keeps its summary here, for the other tests of this shop."""
    sku = shop.add_product("lantern-in-the-log-group", 10)
    logs, x_ray = shop.client("logs"), shop.client("xray")
    rule = {"Probabilistic": {"DesiredSamplingPercentage": 100.0}}
    refused = "does not have permission to call PutLogEvents on the aws/spans Log Group"
    with pytest.raises(x_ray.exceptions.InvalidRequestException, match=refused):
        x_ray.update_trace_segment_destination(Destination="CloudWatchLogs")
    logs.put_resource_policy(policyName="TransactionSearch", policyDocument=json.dumps(POLICY))
    x_ray.update_indexing_rule(Name="Default", Rule=rule)
    x_ray.update_trace_segment_destination(Destination="CloudWatchLogs")
    try:
        trace_id = trace_id_of(shop.order(sku, "order-in-the-log-group"))
        documents = segments_of(shop, trace_id)

        def spans():
            lines = logs.filter_log_events(logGroupName="aws/spans")["events"]
            found = [json.loads(line["message"]) for line in lines]
            of_trace = [s for s in found if s["traceId"] == trace_id[2:].replace("-", "")]
            kinds = [s["kind"] for s in of_trace]
            return of_trace if kinds.count("SERVER") == 3 else None

        names = {s["resource"]["attributes"]["service.name"] for s in wait_until(spans, 10)}
    finally:
        x_ray.update_trace_segment_destination(Destination="XRay")
    assert names == {"storefront", "catalog", "orders"} <= {document["name"] for document in documents}
