"""With the destination CloudWatchLogs all spans go to aws/spans; the indexing rule says who has a summary."""

import json
import logging
import time

import pytest
from botocore.exceptions import EndpointConnectionError

from local.awsapi.errors import InvalidRequestException
from local.xray import span_log as span_log_module
from local.xray.backend import Backend
from local.xray.operations import load
from local.xray.otlp.receiver import OtlpReceiver
from local.xray.segments import parse_document
from local.xray.span_log import SpanLog
from local.xray.storage.store import Store
from tests.unit.local.xray.documents import TRACE, entity_id, segment, subsegment
from tests.unit.local.xray.otlp.spans import span
from tests.unit.local.xray.otlp.test_receiver import body_of, sender
from tests.waiting import wait_until

POLICY = {
    "Effect": "Allow",
    "Principal": {"Service": "xray.amazonaws.com"},
    "Action": "logs:PutLogEvents",
    "Resource": ["arn:aws:logs:us-east-1:111122223333:log-group:aws/spans:*"],
}


class Logs:
    """Stands in for boto3's client of CloudWatch Logs: keeps what is put, and may be out of reach."""

    class exceptions:
        ResourceAlreadyExistsException = KeyError
        ResourceNotFoundException = LookupError

    def __init__(self):
        self.is_up, self.statement, self.calls, self.streams = True, POLICY, [], []

    @property
    def messages(self):
        return [json.loads(event["message"]) for call in self.calls for event in call]

    def describe_resource_policies(self):
        self._reach()
        return {"resourcePolicies": [{"policyDocument": json.dumps({"Statement": [self.statement]})}]}

    def create_log_group(self, *, logGroupName):
        self._reach()
        assert logGroupName == "aws/spans"

    def create_log_stream(self, *, logGroupName, logStreamName):
        self.streams.append((logGroupName, logStreamName))

    def delete_log_stream(self, *, logGroupName, logStreamName):
        self.streams.remove((logGroupName, logStreamName))

    def put_log_events(self, *, logGroupName, logStreamName, logEvents):
        self._reach()
        assert (logGroupName, logStreamName) == self.streams[-1]
        self.calls.append(logEvents)

    def _reach(self):
        if not self.is_up:
            raise EndpointConnectionError(endpoint_url="http://aws:4566")


@pytest.fixture(name="logs")
def _logs(monkeypatch):
    monkeypatch.setattr(span_log_module, "COLLECT_S", 0.01)
    monkeypatch.setattr(span_log_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(span_log_module, "IDLE_S", 0.05)
    return Logs()


@pytest.fixture(name="backend")
def _backend(tmp_path, logs):
    store = Store(tmp_path, max_age_h=1_000_000)
    backend = Backend(store, SpanLog(lambda: logs))
    yield backend
    store.close()
    backend.transaction_search.span_log.stop()


def ask(backend, operation, **request_):
    return load(backend)[operation](request_)


def search_transactions(backend, percentage):
    rule = {"Probabilistic": {"DesiredSamplingPercentage": percentage}}
    ask(backend, "UpdateIndexingRule", Name="Default", Rule=rule)
    return ask(backend, "UpdateTraceSegmentDestination", Destination="CloudWatchLogs")


def put(backend, *trace_ids, **fields):
    for trace_id in trace_ids:
        document = segment("orders", subsegments=[subsegment("step")], **fields) | {"trace_id": trace_id}
        backend.store.writer.put(parse_document(json.dumps(document).encode()))
    backend.store.writer.flush()


def numbered(count):
    return [TRACE[:-4] + f"{number:04x}" for number in range(count)]


def with_a_summary(backend):
    start_s = segment("x")["start_time"]
    page = ask(backend, "GetTraceSummaries", StartTime=start_s - 5, EndTime=start_s + 5)
    return {summary["Id"] for summary in page["TraceSummaries"]}


def test_all_spans_are_in_the_log_group_and_a_share_of_the_traces_has_a_summary(backend, logs):
    search_transactions(backend, 30.0)
    trace_ids = numbered(200)
    put(backend, *trace_ids)

    wait_until(lambda: len(logs.messages) == 400, 5, "all spans are in the log group")
    indexed = with_a_summary(backend)
    left_out = next(id_ for id_ in trace_ids if id_ not in indexed)
    token = ask(backend, "StartTraceRetrieval", TraceIds=[left_out], StartTime=0, EndTime=1)["RetrievalToken"]

    assert 30 < len(indexed) < 90
    assert ask(backend, "BatchGetTraces", TraceIds=[left_out])["Traces"] == []
    (retrieved,) = ask(backend, "ListRetrievedTraces", RetrievalToken=token)["Traces"]
    assert retrieved["Id"] == left_out
    now = {"StartTime": time.time() - 60, "EndTime": time.time() + 60}
    (service,) = (s for s in ask(backend, "GetServiceGraph", **now)["Services"] if s["Type"] is None)
    assert service["SummaryStatistics"]["TotalCount"] == len(indexed)


def test_a_trace_that_had_a_summary_keeps_it_and_so_do_all_after_the_way_back(backend):
    first, second, third = numbered(3)
    put(backend, first)
    search_transactions(backend, 0.0)
    put(backend, first, id=entity_id("later"))
    put(backend, second)

    assert with_a_summary(backend) == {first}
    assert ask(backend, "UpdateTraceSegmentDestination", Destination="XRay")["Destination"] == "XRay"
    put(backend, third)
    assert with_a_summary(backend) == {first, third}


def test_destination_and_rule_hold_after_a_restart(backend, logs, tmp_path):
    assert search_transactions(backend, 0.0) == {"Destination": "CloudWatchLogs", "Status": "ACTIVE"}
    store = Store(tmp_path, max_age_h=1_000_000)
    again = Backend(store, SpanLog(lambda: logs))

    put(again, *numbered(1))

    assert ask(again, "GetTraceSegmentDestination")["Destination"] == "CloudWatchLogs"
    assert with_a_summary(again) == set()
    store.close()
    again.transaction_search.span_log.stop()
    assert len(logs.messages) == 2


@pytest.mark.parametrize(
    "change", [{"Effect": "Deny"}, {"Action": "logs:CreateLogStream"}, {"Principal": "*"}]
)
def test_the_destination_needs_a_policy_that_lets_x_ray_write(backend, logs, change):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Enable-TransactionSearch.html"""
    logs.statement = POLICY | change if change != {"Principal": "*"} else {**POLICY, "Principal": {}}

    with pytest.raises(InvalidRequestException, match="does not have permission to call PutLogEvents"):
        search_transactions(backend, 1.0)

    assert ask(backend, "GetTraceSegmentDestination")["Destination"] == "XRay"


def test_a_span_over_otlp_is_logged_as_it_came_and_once(backend, logs):
    search_transactions(backend, 100.0)
    app = OtlpReceiver(backend.store.writer, backend.transaction_search.span_log)
    send = sender(backend.store, app)

    status, *_ = send(body_of(span(attributes={"http.route": "/orders"}, events=[("retry", {"n": 1})])))

    (message,) = wait_until(lambda: logs.messages, 5, "the span is in the log group")
    assert status == 200
    assert (message["kind"], message["name"]) == ("SERVER", "/test")
    assert message["attributes"] == {"http.route": "/orders"}
    assert message["events"][0]["attributes"] == {"n": 1}
    assert message["durationNano"] == message["endTimeUnixNano"] - message["startTimeUnixNano"]
    backend.transaction_search.span_log.stop()
    assert len(logs.messages) == 1


def test_spans_wait_while_the_local_aws_is_down_and_that_is_said_once(backend, logs, caplog, monkeypatch):
    search_transactions(backend, 100.0)
    logs.is_up = False
    with caplog.at_level(logging.WARNING):
        put(backend, *numbered(3))
        wait_until(lambda: "spans wait for aws/spans" in caplog.text, 5, "it is said")
        put(backend, *numbered(6))
        time.sleep(0.1)
        logs.is_up = True
        wait_until(lambda: len(logs.messages) >= 6, 5, "what waited arrives")
        wait_until(lambda: "takes spans again" in caplog.text, 5, "it is said")

    assert caplog.text.count("spans wait for") == 1
    assert backend.transaction_search.span_log.dropped == 0


def test_what_waits_is_bounded(backend, logs, monkeypatch):
    monkeypatch.setattr(span_log_module, "QUEUE_BYTES", 2000)
    search_transactions(backend, 100.0)
    logs.is_up = False
    put(backend, *numbered(100))

    assert backend.transaction_search.span_log.dropped > 50
    assert len(with_a_summary(backend)) == 100


def test_the_oldest_stream_gives_way(backend, logs, monkeypatch):
    monkeypatch.setattr(span_log_module, "ROLL_BYTES", 0)
    monkeypatch.setattr(span_log_module, "MAX_BATCH_BYTES", 1000)
    search_transactions(backend, 100.0)

    put(backend, *numbered(30))

    wait_until(lambda: len(logs.messages) == 60, 5, "all spans are in the log group")
    assert len(logs.streams) == span_log_module.KEPT_STREAMS
