"""Every page of the console and every API counts the same requests over the same minutes."""

import json
import re
import time
import uuid

import pytest
import requests

from tests.shop import SERVICES, running
from tests.waiting import wait_until

VISITS = 12
ARRIVES_WITHIN_S = 40.0
QUIET_S = 6.0  # metrics are sent every five seconds
MINUTES = "10m"


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory):
    """A shop that lives since a few minutes at most, so that ten minutes hold all of its requests.

    Its catalog failed for a while, which leaves orders that recovery cancels; and pages load static files.
    """
    with running(tmp_path_factory.mktemp("counts"), "console", "logs", FAULTS="on") as shop:
        fault = {"error_share": 0.4}
        requests.put(f"{shop['catalog'].url}/faults", json=fault, timeout=5).raise_for_status()
        for _ in range(VISITS):
            for path in ("/", "/api/products", "/static/favicon.svg"):
                requests.get(shop.url + path, timeout=10)
            shop.order("bamboo-festival-lantern", uuid.uuid4().hex)
        requests.delete(f"{shop['catalog'].url}/faults", timeout=5).raise_for_status()
        wait_until(lambda: is_settled(shop), 20, "recovery has cancelled what failed")
        wait_until(Quiet(shop), ARRIVES_WITHIN_S, "logs, metrics and traces have all that happened")
        yield shop


class Quiet:
    """Whether metrics and logs agree, and nothing has been counted anywhere for QUIET_S."""

    def __init__(self, shop):
        self._shop, self._counted, self._since = shop, None, 0.0

    def __call__(self):
        shop, now = self._shop, time.monotonic()
        logged = {name: len(entries) for name, entries in access_lines(shop).items()}
        counted = (logged, metrics(shop), graph(shop), len(summaries(shop)), len(recoveries(shop)))
        if counted != self._counted:
            self._counted, self._since = counted, now
        return counted[1] == logged and now - self._since >= QUIET_S


def is_settled(shop):
    orders = shop.client("dynamodb").scan(TableName="lantern-orders", ConsistentRead=True)["Items"]
    return {item["state"]["S"] for item in orders} <= {"confirmed", "cancelled"}


def lines(shop, service):
    pages = (
        shop.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/lantern/{service}")
    )
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


def access_lines(shop):
    return {name: [line for line in lines(shop, name) if "route" in line] for name in SERVICES}


def sampled(entries):
    return [line for line in entries if line.get("sampled") is not False]


def metrics(shop):
    """The sum of the metric Requests of each service, by the API."""
    now = time.time()
    answers = {
        name: shop.client("cloudwatch").get_metric_statistics(
            Namespace="Lantern",
            MetricName="Requests",
            Dimensions=[{"Name": "Service", "Value": name}, {"Name": "Version", "Value": "1.0.0-test"}],
            StartTime=now - 600,
            EndTime=now + 60,
            Period=60,
            Statistics=["Sum"],
        )
        for name in SERVICES
    }
    return {name: sum(point["Sum"] for point in answer["Datapoints"]) for name, answer in answers.items()}


def graph(shop):
    """The requests of each service, by X-Ray's service graph."""
    now = time.time()
    nodes = shop.client("xray").get_service_graph(StartTime=now - 600, EndTime=now + 1)["Services"]
    return {
        node["Name"]: node["SummaryStatistics"]["TotalCount"]
        for node in nodes
        if node["Name"] in SERVICES and node.get("Type") != "client"
    }


def summaries(shop):
    now = time.time()
    pages = (
        shop.client("xray").get_paginator("get_trace_summaries").paginate(StartTime=now - 600, EndTime=now)
    )
    return [summary for page in pages for summary in page["TraceSummaries"]]


def page(shop, path):
    answer = requests.get(f"{shop['console'].url}{path}", params={"range": MINUTES}, timeout=20)
    answer.raise_for_status()
    return answer.text


def recoveries(shop):
    """The lines of recovery, each of a trace that no request began."""
    return [line for line in lines(shop, "orders") if "gave back the stock" in line["message"]]


def attempts_to_recover(shop):
    """The traces of recovery, by the catalog's lines: an attempt that met the fault left none at orders."""
    logged = access_lines(shop)
    of_requests = {line["trace_id"] for name in ("storefront", "orders") for line in logged[name]}
    releases = [
        line for line in logged["catalog"] if line["method"] == "DELETE" and "reservations" in line["route"]
    ]
    return {line["trace_id"] for line in releases} - of_requests


def test_what_no_request_asked_for_is_traced_as_every_request_is(shop):
    """Its trace has no path, and an SDK takes a rule about a path for one that fits."""
    assert recoveries(shop)
    assert len(sampled(recoveries(shop))) == len(recoveries(shop))


def test_all_but_static_files_and_operational_routes_have_a_trace(shop):
    unsampled = [
        line["path"]
        for entries in access_lines(shop).values()
        for line in entries
        if line.get("sampled") is False
    ]

    assert {path.split("/")[1] for path in unsampled} == {"static", "faults"}


def test_the_map_counts_what_the_logs_count_as_sampled(shop):
    counted = {name: len(sampled(entries)) for name, entries in access_lines(shop).items()}
    counted["orders"] += len(attempts_to_recover(shop))

    assert graph(shop) == counted
    text = page(shop, "/map")
    shown = {name: re.search(rf'aria-label="{name}: (\d+) ', text) for name in SERVICES}
    assert {name: match and int(match[1]) for name, match in shown.items()} == counted


def test_the_list_of_traces_counts_what_came_in_at_the_storefront_and_recovery(shop):
    count = len(sampled(access_lines(shop)["storefront"])) + len(attempts_to_recover(shop))

    assert len(summaries(shop)) == count
    assert f"{count} traces, " in page(shop, "/traces")


def test_metrics_count_every_answer_and_failures_are_those_of_the_logs(shop):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(shop, "/metrics")))

    for name, entries in access_lines(shop).items():
        part = text.split(f" {name} Requests", 1)[1]
        failed = sum(line["status"] >= 500 for line in entries)
        assert f"{len(entries)} in all" in part, name
        assert re.search(r"5xx · 1\.0\.0-test: (\d+) of (\d+)", part).groups() == (
            str(failed),
            str(len(entries)),
        ), name


def test_the_logs_page_lists_the_lines_that_cloudwatch_logs_has(shop):
    count = sum(len(lines(shop, name)) for name in SERVICES)

    text = page(shop, "/logs?static=1")

    assert f"{count} lines" in text
