"""Filters as recorded: query_transitions.json of the recordings that test_recordings.py names.

That file has each expression with the traces that match it; the traces here are of the same shape.
"""

import pytest

from local.xray.backend import Backend
from local.xray.filters.parser import FilterError, parse
from local.xray.operations.get_trace_summaries import answer
from local.xray.segments import parse_document, to_json
from local.xray.storage.store import Store
from tests.unit.local.xray.documents import START, entity_id, segment, subsegment
from tests.unit.local.xray.test_recordings import ASSEMBLY, exception

AGENT = {"user_agent": "probe/1", "client_ip": "192.0.2.17"}


def request(kind, *, status, took, rank, **flags):
    """A trace of one segment, answered with a status."""
    http = {"request": {"url": f"https://shop/api/{kind}", "method": "GET", **AGENT}}
    http["response"] = {"status": status}
    return [segment("front", took=took, http=http, annotations={"kind": kind, "rank": rank}, **flags)]


def projection(kind, share, *, namespace=None, fault=True):
    """A root of four seconds whose child takes a share of it and fails."""
    failed = {"fault": True, **exception("Probe")} if fault else {}
    remote = {"namespace": namespace} if namespace else {}
    child = subsegment("the-child", start=0.1, took=4 * share, **remote, **failed)
    flags = {"fault": True} if fault else {}
    root = segment("the-root", took=4.0, subsegments=[child], annotations={"projection": kind}, **flags)
    return [root]


TRACES = {
    "fault": request("fault", status=500, took=2.0, rank=20, fault=True),
    "error": request("error", status=404, took=1.0, rank=10, error=True),
    "throttle": request("throttle", status=429, took=0.5, rank=30, error=True, throttle=True),
    "assembly": list(ASSEMBLY),
    "local-fault": projection("local-fault", 0.75),
    "remote-fault": projection("remote-fault", 0.75, namespace="remote"),
    "remote-majority": projection("remote-majority", 0.75, namespace="remote", fault=False),
    "local-majority": projection("local-majority", 0.75, fault=False),
}
JSON = (
    '#[{"Services":[{"Name":"the-root",'
    '"EntityPath":[{"Name":"the-root"},{"Name":"the-child","Remote":true}]}]}]'
)


@pytest.fixture(scope="module", name="backend")
def _backend(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("state"), max_age_h=1_000_000)
    backend = Backend(store)
    backend.groups.create("failures", "fault", None)
    for number, documents in enumerate(TRACES.values()):
        put(store, documents, number)
    yield backend
    store.close()


def put(store, documents, number):
    for document in documents:
        store.writer.put(parse_document(to_json(document | {"trace_id": trace_id(number)})))
    store.writer.flush()


def trace_id(number):
    return f"1-5759e988-{number:024x}"


def matching(backend, expression):
    span = {"StartTime": START - 5, "EndTime": START + 20}
    page = answer({**span, "FilterExpression": expression}, backend)
    kinds = {trace_id(number): kind for number, kind in enumerate(TRACES)}
    return {kinds.get(summary["Id"], summary["Id"]) for summary in page["TraceSummaries"]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('http.url BEGINSWITH "https://" AND http.url ENDSWITH "/fault"', {"fault"}),
        (
            'http.method != "POST" AND http.status != 200 AND duration <= 1',
            {"error", "throttle"},
        ),
        (
            'http.useragent = "probe/1" AND http.clientip = "192.0.2.17" AND duration < 1',
            {"throttle"},
        ),
        ("annotation[rank] > 0 AND annotation[rank] <= 20", {"error", "fault"}),
        ('http.url ENDSWITH "/fault" AND (fault = "true" AND throttle != "true")', {"fault"}),
        ('service(id(name: "back")) { fault AND name ENDSWITH "ack" }', {"assembly"}),
        ('edge(id(name: "front", type: "client"), id(name: "front")) { error }', {"error"}),
        ('service(id(name: "front", account.id: "222222222222"))', set()),
        ('group.name = "failures" AND http.url ENDSWITH "/fault"', {"fault"}),
        ('user CONTAINS "" AND duration = 7', {"assembly"}),
        ('inferred AND service("back")', {"assembly"}),
        (
            'rootcause.fault.entity { first AND index = 0 AND name ENDSWITH "-root" }',
            {"local-fault", "remote-fault"},
        ),
        (
            'rootcause.fault.entity { last AND !remote AND name ENDSWITH "-child" }',
            {"local-fault", "remote-fault"},
        ),
        (
            "rootcause.responsetime.entity { remote AND coverage > 0.5 AND coverage <= 0.75 }"
            " AND annotation.projection",
            {"remote-fault", "remote-majority"},
        ),
        (
            "rootcause.responsetime.entity { !remote AND coverage = 0.75 AND index = 1 }",
            {"local-fault", "local-majority"},
        ),
        ('rootcause.fault.service { inferred AND type = "remote" AND last }', {"remote-fault"}),
        (
            'rootcause.fault.exception { name = "ProbeError" AND message BEGINSWITH "Pro" }',
            {"local-fault", "remote-fault"},
        ),
        (f"rootcause.json = {JSON}", {"remote-fault", "remote-majority"}),
    ],
)
def test_an_expression_finds_the_traces_that_the_service_finds(backend, expression, expected):
    """documented-*, after initial-summaries-poll-1 and summaries-1."""
    assert matching(backend, expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        'edge("only")',
        'service(id(name: "a", name: "b"))',
        'service() { edge("a", "b") }',
        "annotation.request.id = 1",
        'http.url > "x"',
        'duration CONTAINS "1"',
        "rootcause.fault.entity { coverage > 0.5 }",
    ],
)
def test_an_expression_that_the_service_refuses_is_refused(expression):
    """invalid-*, after initial-summaries-poll-1."""
    with pytest.raises(FilterError):
        parse(expression)


def test_a_stray_is_joined_by_its_parent_and_is_partial_no_more(backend):
    """Scenario orphan-join-and-expiry."""
    both = {"enabled": False, "request.id": "orphan"}
    child = segment("child", parent="parent", start=1.0, took=2.0, fault=True, user="ada", annotations=both)
    put(backend.store, [child], 100)
    span = {"StartTime": START - 5, "EndTime": START + 20, "FilterExpression": "annotation.enabled = false"}

    (orphan,) = answer(span, backend)["TraceSummaries"]
    root = segment("root", took=4.0, annotations={"request.id": "parent"}) | {"id": entity_id("parent")}
    put(backend.store, [root], 100)
    (joined,) = answer(span, backend)["TraceSummaries"]

    fields = ("IsPartial", "Revision", "Duration", "ResponseTime", "HasFault")
    assert [orphan[field] for field in fields] == [True, 1, 2.0, None, False]
    assert [joined[field] for field in fields] == [False, 2, 4.0, 4.0, False]
    assert (orphan["EntryPoint"], joined["EntryPoint"]["Name"]) == (None, "root")
    assert matching(backend, "partial") == set()
    assert matching(backend, 'annotation[request.id] = "orphan"') == {trace_id(100)}
    assert matching(backend, "annotation[Request.id]") == set()
    below = 'service("child") { annotation[request.id] = "orphan" AND fault } AND user = "ada"'
    assert matching(backend, below) == {trace_id(100)}
