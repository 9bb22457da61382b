"""No document that is valid by itself breaks an answer, whatever else of its trace arrived.

Everything that the API can be asked is asked about any subset of the documents of some traces, in any order.
"""

import json
import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.xray.backend import Backend
from local.xray.operations import load
from local.xray.root_causes import failure_root_causes, response_time_root_causes
from local.xray.segments import parse_document
from local.xray.service_graph import trace_graph
from local.xray.storage import index
from local.xray.storage.store import Store
from tests.unit.local.xray.documents import (
    START,
    TRACE,
    entity_id,
    independent,
    segment,
    subsegment,
    table_call,
    trace,
    unfinished,
)
from tests.unit.local.xray.test_filter_parser import EXAMPLES

EXCEPTION = {"cause": {"exceptions": [{"id": "a" * 16, "type": "KeyError", "message": "no such lantern"}]}}
ELSEWHERE = [{"trace_id": TRACE[:-4] + suffix, "id": entity_id("storefront")} for suffix in ("0000", "ffff")]
DOCUMENTS = [
    segment(
        "storefront",
        took=0.4,
        subsegments=[subsegment("orders:8080", label="call-o", namespace="remote", took=0.3, fault=True)],
        fault=True,
    ),
    segment("orders", parent="call-o", start=0.05, took=0.2, fault=True, **EXCEPTION, links=ELSEWHERE),
    unfinished(segment("catalog", parent="call-c")),
    segment("own", parent="sub-own", subsegments=[subsegment("own", namespace="remote")]),
    segment("first", parent="sub-first", subsegments=[subsegment("second", namespace="remote", fault=True)]),
    segment("second", parent="sub-second", subsegments=[subsegment("first", fault=True)], fault=True),
    segment("other-root", start=-4000.0, cause="a" * 16, error=True, throttle=True),
    independent(
        "catalog:8080", "orders", label="call-c", namespace="remote", http={"request": {"traced": True}}
    ),
    independent("table", "orders", namespace="aws", aws={"operation": "GetItem", "table_name": "t"}),
    independent("below", "sub-table", subsegments=[table_call("lantern-orders", error=True, throttle=True)]),
    independent("lost", "nobody", namespace="remote", error=True),
    independent("lost-query", "nobody", sql={"url": "postgres://"}),
    independent("circle-a", "sub-circle-b", namespace="aws"),
    independent("circle-b", "sub-circle-a"),
    unfinished(independent("unfinished", "storefront", namespace="remote")),
]
RANGES = [(-5000, 5000), (0, 1), (1000, 1001), (-4000, -3999)]
FILTERS = [
    None,
    *EXAMPLES,
    'edge("storefront", "orders") { fault }',
    'service("orders") { fault }',
    "rootcause.fault.service { first }",
    "rootcause.error.entity { last AND remote }",
]


def ask_everything(backend, trace_ids):
    """Every question of the API about the store's traces; an exception is what a server answers with 500."""
    operations = load(backend)
    backend.store.writer.flush()
    summaries, graphs = [], []
    for start, end in RANGES:
        span = {"StartTime": START + start, "EndTime": min(START + end, START + start + 6 * 3600)}
        for clock in ("TraceId", "Event", "Service"):
            answer = operations["GetTraceSummaries"]({**span, "TimeRangeType": clock})
            summaries += answer["TraceSummaries"]
        for text in FILTERS if (start, end) == RANGES[0] else FILTERS[:1]:
            operations["GetTraceSummaries"]({**span, "FilterExpression": text})
        operations["GetServiceGraph"](span)
        operations["GetTimeSeriesServiceStatistics"]({**span, "GroupName": "Default"})
    now = {"StartTime": time.time() - 600, "EndTime": time.time()}  # when all was received
    for group in ("Default", "failures"):
        graphs.append(operations["GetServiceGraph"]({**now, "GroupName": group})["Services"])
        for selector in (None, 'service("orders")', 'edge("storefront", "orders")'):
            request = {**now, "GroupName": group, "EntitySelectorExpression": selector}
            operations["GetTimeSeriesServiceStatistics"](request)
    operations["BatchGetTraces"]({"TraceIds": trace_ids})
    for trace_id in trace_ids:
        if backend.traces([trace_id]):
            operations["GetTraceGraph"]({"TraceIds": [trace_id]})
    token = operations["StartTraceRetrieval"]({**now, "TraceIds": trace_ids})["RetrievalToken"]
    operations["ListRetrievedTraces"]({"RetrievalToken": token})
    operations["GetRetrievedTracesGraph"]({"RetrievalToken": token})
    return summaries, graphs


@pytest.fixture(name="backend")
def _backend(tmp_path):
    store = Store(tmp_path, max_age_h=1_000_000)
    backend = Backend(store)
    backend.groups.create("failures", "fault OR error", None)
    yield backend
    store.close()


def put(backend, documents, trace_id=TRACE):
    for document in documents:
        body = json.dumps(document | {"trace_id": trace_id}).encode()
        assert backend.store.writer.put(parse_document(body))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["name"])
def test_a_document_that_arrives_alone_breaks_no_answer(backend, document):
    put(backend, [document])

    summaries, _ = ask_everything(backend, [TRACE])

    assert {summary["Id"] for summary in summaries} == {TRACE}


def test_any_subset_of_a_trace_in_any_order_breaks_no_answer(backend, caplog):
    """All traces are in one store: what one of them holds must not break an answer about the others."""
    chance = random.Random(20261127)
    trace_ids = [TRACE[:-4] + f"{number:04x}" for number in range(150)]
    for trace_id in trace_ids:
        put(backend, chance.sample(DOCUMENTS, chance.randrange(1, len(DOCUMENTS) + 1)), trace_id)

    summaries, (graph, failures) = ask_everything(backend, trace_ids[:5])

    assert {summary["Id"] for summary in summaries} == set(trace_ids)
    assert {"storefront", "orders", "catalog", "lantern-orders"} <= {service["Name"] for service in graph}
    assert failures
    assert "can't be indexed" not in caplog.text


@given(documents=st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=8, unique_by=lambda d: d["name"]))
@example(documents=[DOCUMENTS[3]])
@example(documents=DOCUMENTS[4:6])
def test_each_subset_is_assembled_and_described(documents):

    assembled = trace(*documents)

    assert trace_graph([assembled]) is not None
    for kind in ("fault", "error"):
        assert len(failure_root_causes(assembled, kind)) <= 10
    assert len(response_time_root_causes(assembled)) <= 1


def test_a_long_chain_of_subsegments_or_segments_breaks_no_answer(backend, caplog):
    """Each is the child of the one before: deeper than a program may recurse."""
    steps = range(3000)
    chain = [
        independent(f"step-{n}", f"sub-step-{n - 1}" if n else "orders", label=f"{n:08d}") for n in steps
    ]
    chain = [
        document
        | {"id": f"{n:016x}", "parent_id": f"{n - 1:016x}" if n else entity_id("orders"), "fault": True}
        for n, document in enumerate(chain)
    ]
    put(backend, [segment("orders", fault=True), *chain])
    calls = [
        segment(f"service-{n}", fault=True)
        | {"id": f"{n + 1:016x}"}
        | ({"parent_id": f"{n:016x}"} if n else {})
        for n in steps
    ]
    other = TRACE[:-4] + "0001"
    put(backend, calls, other)

    summaries, _ = ask_everything(backend, [TRACE, other])

    assert {summary["Id"] for summary in summaries} == {TRACE, other}
    assert "can't be indexed" not in caplog.text


def test_a_document_that_can_not_be_indexed_leaves_the_others_alone(backend, monkeypatch, caplog):
    """Whatever the reason: the writer goes on, and the trace can still be read by its id."""

    real = index.summarize

    def fail_for_one(assembled):
        if assembled.trace_id == TRACE:
            raise TypeError("unhashable type: 'dict'")
        return real(assembled)

    monkeypatch.setattr(index, "summarize", fail_for_one)
    put(backend, [segment("orders")])
    other = TRACE[:-4] + "0001"
    put(backend, [segment("orders")], other)

    summaries, _ = ask_everything(backend, [TRACE, other])

    assert {summary["Id"] for summary in summaries} == {other}
    assert f"trace {TRACE} can't be indexed" in caplog.text


def test_a_link_to_a_trace_that_began_before_the_range_breaks_no_graph(backend):
    older = TRACE[:-4] + "0000"
    put(backend, [segment("producer", start=-4000.0)], older)
    link = {"trace_id": older, "id": entity_id("producer")}
    put(backend, [segment("consumer", links=[link])])
    backend.store.writer.flush()
    backend.store.reader.graph_counts(0, 1)  # indexed
    backend.store.writer.execute("UPDATE arrivals SET received = 5 WHERE trace_id = ?", (TRACE,))

    graph = load(backend)["GetServiceGraph"]({"StartTime": 0.0, "EndTime": 10.0})

    nodes = {(s["Name"], s["Type"]): s for s in graph["Services"]}
    assert nodes["producer", None]["Edges"][0]["EdgeType"] == "link"
    assert nodes["producer", None]["StartTime"] == START
