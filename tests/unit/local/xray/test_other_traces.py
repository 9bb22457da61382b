"""Whatever arrives of other traces: every operation answers, and the answers about one trace stay.

The documents are drawn: any subset of a trace's, in any order, with links to any trace, at any time. They
share few ids, so that they are parents, callees, duplicates and circles of each other.
"""

import json
import logging
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.awsapi.application import Application
from local.xray import operations
from local.xray.backend import Backend
from local.xray.segments import DocumentRejected, parse_document
from local.xray.storage.store import Store
from tests.unit.local.awsapi.test_application import call
from tests.unit.local.xray.documents import START, TRACE, entity_id, segment, subsegment, table_call
from tests.unit.local.xray.test_filter_parser import EXAMPLES

OTHERS = [TRACE[:-4] + f"{number:04x}" for number in range(8)]
NOW = time.time()
GROUP, ARN = {"GroupName": "witness"}, "arn:aws:xray:us-east-1:111122223333:group/Default"
WITNESS = [
    segment(
        "storefront",
        took=0.4,
        fault=True,
        annotations={"witness": True},
        subsegments=[subsegment("orders:8080", label="call-o", namespace="remote", took=0.3, fault=True)],
    ),
    segment("orders", parent="call-o", start=0.05, took=0.2, subsegments=[table_call("lantern-orders")]),
]

ids = st.sampled_from([entity_id(word) for word in ("storefront", "orders", "call-o", "a", "b", "c", "d")])
odd = st.sampled_from([None, {}, [], "", 0, -1, 1e300, True, "text", [None], {"": None}, ["a", {}]])
times = st.one_of(
    st.floats(START - 1, START + 1), st.sampled_from([0, 1e-9, START - 90_000, START + 1e7, 4e9])
)
links = st.lists(
    st.fixed_dictionaries({"trace_id": st.sampled_from([TRACE, *OTHERS]), "id": ids}) | odd, max_size=3
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "parent_id": ids,
        "links": links | odd,
        "fault": st.booleans() | odd,
        "error": st.booleans() | odd,
        "throttle": st.booleans() | odd,
        "namespace": st.sampled_from(["aws", "remote", "local"]) | odd,
        "http": st.fixed_dictionaries({"request": odd, "response": st.fixed_dictionaries({"status": odd})})
        | odd,
        "aws": st.fixed_dictionaries(
            {"operation": odd, "table_name": odd, "queue_url": odd, "ec2": odd, "account_id": odd}
        )
        | odd,
        "cause": st.fixed_dictionaries(
            {"exceptions": st.lists(st.fixed_dictionaries({"id": ids}), max_size=2)}
        )
        | ids
        | odd,
        "annotations": st.dictionaries(st.text(max_size=5), odd | st.floats(), max_size=3) | odd,
        "sql": odd,
        "user": odd,
        "origin": odd,
        "resource_arn": odd,
        "metadata": odd,
        "precursor_ids": odd,
    },
)


@st.composite
def entities(draw, *, depth=0):
    """A segment or subsegment, finished or not, that may hold others."""
    entity = {
        "name": draw(st.sampled_from(["storefront", "orders", "dynamodb", "SQS", "a"])),
        "id": draw(ids),
    }
    entity |= draw(fields) | {"start_time": draw(times)}
    entity |= {"in_progress": True} if draw(st.booleans()) else {"end_time": draw(times)}
    if depth < 2:
        entity["subsegments"] = draw(st.lists(entities(depth=depth + 1), max_size=2))
    if depth == 0:
        entity["trace_id"] = draw(st.sampled_from(OTHERS))
        if "parent_id" in entity and draw(st.booleans()):
            entity["type"] = "subsegment"
    return entity


class Asker:
    """Asks a store's application; a status of 500 and more is a failure whatever was asked."""

    def __init__(self, backend):
        self._backend, self.logged = backend, []
        self._app = Application("xray", operations.load(backend), operations.NOT_REQUIRED)

    def ask(self, operation, **request):
        path = self._app.model.operation_model(operation).http["requestUri"]
        status, _, body = call(path, json.dumps(request).encode(), app=self._app)
        assert status < 500, (operation, request, body)
        return body

    def put(self, documents):
        """The documents of which the service would refuse none."""
        for document in documents:
            try:
                self._backend.store.writer.put(parse_document(json.dumps(document).encode()))
            except DocumentRejected:
                continue
        self._backend.store.writer.flush()

    def about_the_witness(self):
        """Every answer that is about the witness alone."""
        span = {"StartTime": START - 5, "EndTime": START + 5}
        received = {"StartTime": NOW - 600, "EndTime": NOW + 600}
        of_group = 'group.name = "witness"'
        summaries = [
            self.ask("GetTraceSummaries", **span, FilterExpression=text)["TraceSummaries"]
            for text in (of_group, f"{of_group} AND fault", f'{of_group} AND service("orders") {{ ok }}')
        ]
        return [
            *summaries,
            self.ask("BatchGetTraces", TraceIds=[TRACE]),
            self.ask("GetTraceGraph", TraceIds=[TRACE]),
            self.ask("GetServiceGraph", **received, **GROUP)["Services"],
            self.ask("GetTimeSeriesServiceStatistics", **received, **GROUP)["TimeSeriesServiceStatistics"],
        ]

    def everything(self, span, expression):
        """All operations of the API, those about traces with this range and this filter."""
        rule = {"RuleName": "r", "FixedRate": 0.5, "Version": 1, "Priority": 1, "ReservoirSize": 1}
        rule |= dict.fromkeys(
            ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*"
        )
        retrieval = self.ask("StartTraceRetrieval", TraceIds=OTHERS, **span)
        token = {"RetrievalToken": retrieval.get("RetrievalToken", "unknown-token")}
        insight = {"InsightId": "12345678-1234-4234-8234-123456789012"}
        report = {"RuleName": "r", "ClientID": "0" * 24, "Timestamp": 0, "RequestCount": 1, "SampledCount": 1}
        requests = [
            ("PutTraceSegments", {"TraceSegmentDocuments": ["{}"]}),
            ("PutTelemetryRecords", {"TelemetryRecords": [{"Timestamp": 0}]}),
            *(
                ("GetTraceSummaries", {**span, "TimeRangeType": clock, "FilterExpression": expression})
                for clock in ("TraceId", "Event", "Service")
            ),
            ("GetTraceSummaries", span),
            ("GetServiceGraph", span),
            ("GetServiceGraph", {"StartTime": NOW - 600, "EndTime": NOW + 600}),
            ("GetTimeSeriesServiceStatistics", span),
            *(
                ("GetTimeSeriesServiceStatistics", {**period, "EntitySelectorExpression": selector})
                for period in (span, {"StartTime": NOW - 600, "EndTime": NOW + 600})
                for selector in ('service("orders")', 'edge("storefront", "orders")')
            ),
            ("BatchGetTraces", {"TraceIds": OTHERS[:5]}),
            *(("GetTraceGraph", {"TraceIds": [trace_id]}) for trace_id in OTHERS),
            ("ListRetrievedTraces", token),
            ("GetRetrievedTracesGraph", token),
            ("CancelTraceRetrieval", token),
            ("CreateSamplingRule", {"SamplingRule": rule}),
            ("GetSamplingTargets", {"SamplingStatisticsDocuments": [report]}),
            ("UpdateSamplingRule", {"SamplingRuleUpdate": {"RuleName": "r", "FixedRate": 1}}),
            ("DeleteSamplingRule", {"RuleName": "r"}),
            ("CreateGroup", {"GroupName": "g", "FilterExpression": expression}),
            ("GetServiceGraph", {**span, "GroupName": "g"}),
            ("UpdateGroup", {"GroupName": "g", "FilterExpression": "fault"}),
            ("GetGroup", {"GroupName": "g"}),
            ("DeleteGroup", {"GroupName": "g"}),
            ("TagResource", {"ResourceARN": ARN, "Tags": [{"Key": "a", "Value": "b"}]}),
            ("ListTagsForResource", {"ResourceARN": ARN}),
            ("UntagResource", {"ResourceARN": ARN, "TagKeys": ["a"]}),
            ("PutResourcePolicy", {"PolicyName": "p", "PolicyDocument": "{}"}),
            ("DeleteResourcePolicy", {"PolicyName": "p"}),
            ("PutEncryptionConfig", {"Type": "NONE"}),
            ("UpdateIndexingRule", {"Name": "Default", "Rule": {}}),
            ("UpdateTraceSegmentDestination", {"Destination": "XRay"}),
            ("GetInsight", insight),
            ("GetInsightEvents", insight),
            ("GetInsightImpactGraph", {**insight, **span}),
            ("GetInsightSummaries", span),
            *((name, {}) for name in self._app.model.operation_names if name.startswith(("Get", "List"))),
        ]
        for name, request in requests:
            self.ask(name, **request)
        return {"StartTraceRetrieval", *(name for name, _ in requests)}

    @property
    def operation_names(self):
        return set(self._app.model.operation_names)


@pytest.fixture(scope="module", name="asker")
def _asker(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("state"), max_age_h=10_000_000)
    backend = Backend(store)
    backend.groups.create("witness", "annotation.witness = true", None)
    asker = Asker(backend)
    asker.put(WITNESS)
    handler = logging.NullHandler()
    handler.handle = lambda record: asker.logged.append(record.exc_text or record.getMessage())
    logger = logging.getLogger("local.xray.storage.index")  # a trace that it can't index is in no list
    logger.addHandler(handler)
    yield asker
    logger.removeHandler(handler)
    store.close()


@pytest.fixture(scope="module", name="first_answers")
def _first_answers(asker):
    return asker.about_the_witness()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    documents=st.lists(entities(), min_size=1, max_size=6),
    begin=times,
    length=st.sampled_from([0, 1, 60, 6 * 3600, 1e6]),
    expression=st.sampled_from(list(EXAMPLES)),
)
def test_every_operation_answers_and_another_traces_answers_stay(
    asker, first_answers, documents, begin, length, expression
):
    asker.put(documents)

    asked = asker.everything({"StartTime": begin, "EndTime": begin + length}, expression)

    assert asked == asker.operation_names
    assert asker.about_the_witness() == first_answers
    assert asker.logged == []
