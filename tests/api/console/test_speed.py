"""How much processor time pages over many traces take, whatever else the machine does meanwhile."""

import json
import random
import re
import time

import psutil
import pytest

from tests.api.xray import server
from tests.api.xray.server import new_trace_id, segment
from tests.waiting import wait_until

TRACES, WITHIN_MS = 10_000, 300


@pytest.fixture(scope="module", name="busy")
def _busy(console):
    """Ten thousand traces of three services in the last ten minutes, a twentieth of them failed."""
    client, random_ = server.client_of(console.xray), random.Random(5)
    now = time.time()
    for start in range(0, TRACES, 25):
        documents = []
        for _ in range(start, start + 25):
            documents += _trace(now - random_.uniform(1, 590), random_)
        for at in range(0, len(documents), 50):
            client.put_trace_segments(TraceSegmentDocuments=documents[at : at + 50])
    wait_until(lambda: counted(client) >= TRACES, 60, "all traces are counted")
    return console


def counted(client):
    now = time.time()
    services = client.get_service_graph(StartTime=now - 600, EndTime=now)["Services"]
    return max(service.get("SummaryStatistics", {}).get("TotalCount", 0) for service in services)


def _trace(start, random_):
    trace_id = f"1-{int(start):08x}-{random_.randbytes(12).hex()}"
    documents, parent = [], None
    for depth, name in enumerate(("storefront", "orders", "catalog")):
        times = {"start_time": start + depth / 100, "end_time": start + 0.1 - depth / 100}
        call = {**segment(trace_id, "next", namespace="remote"), **times}
        call.pop("trace_id")
        document = {
            **segment(trace_id, name),
            **times,
            "subsegments": [call],
            "annotations": {"version": "1.0"},
        }
        document |= {
            "http": {"request": {"method": "GET", "url": "http://shop/"}, "response": {"status": 200}}
        }
        document |= {"fault": True} if random_.random() < 0.05 else {}
        documents.append(json.dumps(document | ({"parent_id": parent} if parent else {})))
        parent = call["id"]
    return documents


def server_ms(console, path, **arguments):
    """The least processor time of a page, of console and X-Ray, in more tries while the machine is busy."""
    times = []
    while len(times) < 5 or (min(times) > WITHIN_MS and len(times) < 40):
        before = processor_ms(console)
        answer = console.get(path, params=arguments)
        assert answer.status_code == 200
        times.append(processor_ms(console) - before)
    return min(times)


def processor_ms(console):
    times = (psutil.Process(part.process.pid).cpu_times() for part in (console.part, console.xray))
    return 1000 * sum(time.user + time.system for time in times)


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/map", {"range": "15m"}),
        ("/map", {"range": "15m", "node": "orders"}),
        ("/sampling", {}),
        ("/metrics", {"range": "15m"}),
        ("/logs", {"range": "15m"}),
        ("/traces", {"range": "15m"}),
        ("/traces", {"range": "15m", "filter": 'service("orders") { fault }'}),
        ("/traces", {"range": "15m", "filter": "http.status = 200 AND responsetime > 0.01"}),
    ],
)
def test_map_and_list_over_ten_thousand_traces_take_300_ms_at_most(busy, path, arguments):
    assert server_ms(busy, path, **arguments) <= WITHIN_MS


def test_a_trace_of_a_thousand_subsegments_is_made_in_time(console):
    trace_id = console.send(*thousand())

    assert server_ms(console, f"/traces/{trace_id}") <= WITHIN_MS
    assert console.page(f"/traces/{trace_id}").count('role="row" id="row-') >= 1000


def thousand():
    """Ten services of a hundred subsegments each."""
    trace_id, start = new_trace_id(), time.time() - 5
    documents, parent = [], None
    for number in range(10):
        steps = []
        for n in range(100):
            step = {
                **segment(trace_id, f"step-{n}"),
                "start_time": start + number / 10 + n / 1000,
                "end_time": start + number / 10 + (n + 3) / 1000,
            }
            step.pop("trace_id")
            steps.append(step)
        document = {
            **segment(trace_id, f"service-{number}"),
            "start_time": start + number / 10,
            "end_time": start + 2,
            "subsegments": steps,
        }
        documents.append(document | ({"parent_id": parent} if parent else {}))
        parent = steps[-1]["id"]
    return documents


def test_a_second_with_more_traces_than_a_page_has_its_newest_ones_listed(console):
    start = int(time.time()) - 30
    client, random_ = server.client_of(console.xray), random.Random(7)
    documents = [
        json.dumps(
            {
                **segment(f"1-{start:08x}-{random_.randbytes(12).hex()}", "dense"),
                "start_time": start + n / 1000,
                "end_time": start + 1,
            }
        )
        for n in range(900)
    ]
    for at in range(0, len(documents), 50):
        client.put_trace_segments(TraceSegmentDocuments=documents[at : at + 50])
    newest_id = json.loads(documents[-1])["trace_id"]

    def listed(page=1):
        arguments = {"range": "1m", "filter": 'service("dense")', "page": page}
        return re.findall(r'<tr data-key="([^"]+)"', console.page("/traces", **arguments))

    wait_until(lambda: newest_id in listed(), 5)
    pages = [listed(number) for number in range(1, 6)]
    assert [len(page) for page in pages] == [50] * 5
    assert len(set().union(*pages)) == 250
