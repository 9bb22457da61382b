"""What each keyword means, on hand-written traces; and the index excludes no trace that matches."""

import itertools

import orjson
import pytest

from local.xray.backend import Backend
from local.xray.filters.expressions import EVERYTHING
from local.xray.filters.matching import matches
from local.xray.filters.parser import parse
from local.xray.operations.get_trace_summaries import answer
from local.xray.segments import parse_document
from local.xray.storage.store import Store
from local.xray.summaries import summarize
from tests.unit.local.xray.documents import TRACE, segment, subsegment, table_call, trace
from tests.unit.local.xray.test_filter_parser import EXAMPLES

HTTP = {
    "request": {
        "url": "http://shop/api/orders",
        "method": "POST",
        "user_agent": "curl/8",
        "client_ip": "9.9.9.9",
    }
}
EXCEPTION = {"cause": {"exceptions": [{"id": "a" * 16, "type": "KeyError", "message": "no such lantern"}]}}


def documents(*, root=None, call=None, orders=None):
    """storefront calls orders, which calls its table."""
    return [
        segment(
            "storefront",
            took=0.4,
            user="alice",
            annotations={"version": "v1", "n": 3, "is_new": True},
            http=HTTP | {"response": {"status": 201}},
            subsegments=[
                subsegment("orders:8080", label="call-o", namespace="remote", took=0.3, **(call or {}))
            ],
            **(root or {}),
        ),
        segment(
            "orders",
            parent="call-o",
            start=0.05,
            took=0.2,
            annotations={"order_id": "ord-1"},
            aws={"ec2": {"availability_zone": "us-east-1a", "instance_id": "i-1"}},
            resource_arn="arn:aws:ecs:us-east-1:111122223333:task/orders",
            subsegments=[table_call("lantern-orders", took=0.1)],
            **(orders or {}),
        ),
    ]


FINE = documents()
FAILED = documents(root={"fault": True}, call={"fault": True}, orders={"fault": True} | EXCEPTION)
FAILED_BELOW = documents(call={"error": True}, orders={"error": True, "throttle": True})


@pytest.mark.parametrize(
    ("text", "fine", "failed", "below"),
    [
        ("ok", True, False, True),
        ("fault", False, True, False),
        ("fault = false", True, False, True),
        ("error", False, False, False),
        ("throttle", False, False, False),
        ('service("orders") { throttle }', False, False, True),
        ('service("orders") { error }', False, False, False),
        ('service("orders") { fault }', False, True, False),
        ('service("orders") { fault AND responsetime > 0.3 }', False, False, False),
        ('edge("storefront", "orders") { error }', False, False, True),
        ('edge("storefront", "orders") { name = "orders:8080" }', True, True, True),
        ('edge("orders", "storefront")', False, False, False),
        ('edge("orders", "lantern-orders")', True, True, True),
        ('edge("orders", id(type: "AWS::DynamoDB::Table")) { responsetime < 0.2 }', True, True, True),
        ('edge("storefront", "orders") { source.annotation.version = "v1" }', True, True, True),
        ('edge("storefront", "orders") { destination.annotation.version }', False, False, False),
        ('edge(id(type: "client"), "storefront") { fault }', False, True, False),
        ('service(id(type: "AWS::DynamoDB::Table"))', True, True, True),
        ('service("lantern-orders") { inferred }', True, True, True),
        ('service("storefront") { root }', True, True, True),
        ('service("nobody")', False, False, False),
        ("responsetime > 0.39 AND responsetime <= 0.4", True, True, True),
        ("duration > 0.5", False, False, False),
        ("http.status = 201", True, True, True),
        ("http.status != 201", False, False, False),
        ("!(http.status = 201)", False, False, False),
        ('http.url ENDSWITH "/api/orders"', True, True, True),
        ('http.method = "GET"', False, False, False),
        ('http.useragent BEGINSWITH "curl"', True, True, True),
        ('http.clientip = "9.9.9.9"', True, True, True),
        ('user = "alice"', True, True, True),
        ('user != "alice"', False, False, False),
        ('annotation.version = "v1"', True, True, True),
        ("annotation.n >= 3", True, True, True),
        ('annotation.n = "3"', False, False, False),
        ("annotation.is_new = true", True, True, True),
        ('annotation[order_id] CONTAINS "rd-"', True, True, True),
        ("annotation.nothing", False, False, False),
        ('message CONTAINS "lantern"', False, True, False),
        ('rootcause.fault.exception { message CONTAINS "no such" }', False, True, False),
        ('rootcause.fault.service { name = "orders" }', False, True, False),
        ('rootcause.fault.entity { name = "orders:8080" AND remote AND last }', False, True, False),
        ("rootcause.responsetime.entity { coverage > 0.7 AND index = 1 }", True, True, True),
        ("rootcause.fault.service { last AND index = 1 }", False, True, False),
        ('rootcause.fault.service { first AND name = "orders" }', False, False, False),
        ("rootcause.fault.exception { first AND last }", False, True, False),
        ("rootcause.responsetime.entity { last AND remote }", True, True, True),
        ('rootcause.json = #[{"Services": [{"Name": "orders"}]}]', False, True, False),
        ('rootcause.json = #[{"Services": [{"EntityPath": [{"Exceptions": [{}]}]}]}]', False, True, False),
        ('rootcause.json != #[{"ClientImpacting": true}]', False, False, False),
        (
            'rootcause.json = #[{"Services": [{"Name": "orders"}, {"Name": "storefront"}]}]',
            False,
            False,
            False,
        ),
        ('availabilityzone = "us-east-1a"', True, True, True),
        ('instance.id BEGINSWITH "i-"', True, True, True),
        ('resource.arn CONTAINS "ecs"', True, True, True),
        ('service("storefront") { availabilityzone }', False, False, False),
        ('service("orders") { availabilityzone }', True, True, True),
        ("partial", False, False, False),
        ("inferred", True, True, True),
        ('group.name = "Default"', True, True, True),
        ('group.name = "nobody"', False, False, False),
        ('type = "AWS::DynamoDB::Table" fault', False, True, False),
        ('ok OR service("orders") { fault }', True, True, True),
    ],
)
def test_a_keyword_means_what_it_says(text, fine, failed, below):
    expression = parse(text)

    matching = [
        matches(expression, trace(*kind), lambda name: EVERYTHING if name == "Default" else None)
        for kind in (FINE, FAILED, FAILED_BELOW)
    ]

    assert matching == [fine, failed, below]


def matched_ids(request, backend):
    """The ids on all pages: a page of a filtered search ends early on a busy machine."""
    trace_ids, token = set(), None
    while True:
        page = answer({**request, "NextToken": token}, backend)
        trace_ids |= {summary["Id"] for summary in page["TraceSummaries"]}
        token = page["NextToken"]
        if token is None:
            return trace_ids


def test_a_search_with_the_index_finds_what_a_look_at_each_trace_finds(tmp_path):
    store = Store(tmp_path)
    backend = Backend(store)
    flags = [{}, {"fault": True}, {"error": True}, {"error": True, "throttle": True}]
    kinds = [documents(root=a, call=b, orders=c) for a, b, c in itertools.product(flags, flags, flags)]
    kinds.append([segment("storefront", in_progress=True, fault=True) | {"end_time": None}])
    for number, kind in enumerate(kinds):
        for document in kind:
            trace_id = TRACE[:-4] + f"{number:04x}"
            store.writer.put(parse_document(orjson.dumps(document | {"trace_id": trace_id})))
    store.writer.flush()
    start = float(int(kinds[0][0]["start_time"]))
    span = {"StartTime": start - 5, "EndTime": start + 5}
    everything = [
        trace for _, trace in backend.search.candidates(EVERYTHING, "TraceId", start - 5, start + 5)
    ]
    texts = [*EXAMPLES, *(f"!({text})" for text in EXAMPLES)]
    texts += [
        'service("orders") { fault }',
        'edge("storefront", "orders") { name = "orders:8080" }',
        "!fault AND !error",
    ]

    for text in texts:
        expression = parse(text)
        expected = {t.trace_id for t in everything if matches(expression, t, backend.groups.expression)}
        assert matched_ids({**span, "FilterExpression": text}, backend) == expected, text
    store.close()
    assert len(everything) == len(kinds)


def test_fifty_annotations_of_a_trace_are_indexed():
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-annotations"""
    annotations = {f"key-{number:02}": number for number in range(60)}
    annotated = trace(segment("orders", annotations=annotations))

    assert len(summarize(annotated)["Annotations"]) == 50
    assert [
        matches(parse(f"annotation[key-{number:02}]"), annotated, lambda _: None)
        for number in (0, 49, 50, 59)
    ] == [True, True, False, False]
