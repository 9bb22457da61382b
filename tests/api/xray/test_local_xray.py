"""The local X-Ray as its users meet it: real UDP, boto3, the aws command line, the SDK's poller, kill -9."""

import json
import os
import re
import subprocess
import sys
import time

import psutil
import pytest
import requests
from aws_xray_sdk.core.sampling.sampler import DefaultSampler
from botocore.exceptions import ClientError

from tests.api.xray.server import HEADER, client_of, new_trace_id, running, segment, send, traces, x_ray
from tests.shop import CLEAN, CREDENTIALS, ROOT
from tests.waiting import wait_until


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory):
    with running(tmp_path_factory.mktemp("xray")) as part:
        yield part


@pytest.fixture(name="own_xray")
def _own_xray(tmp_path):
    """A local X-Ray that the test may kill."""
    with running(tmp_path) as part:
        yield part


@pytest.fixture(name="client")
def _client(xray):
    return client_of(xray)


def test_a_segment_is_visible_within_a_second(xray, client):
    trace_id = new_trace_id()

    send(xray, segment(trace_id))

    (trace,) = wait_until(lambda: traces(client, trace_id), 1)
    assert trace["Id"] == trace_id
    assert 0.09 < trace["Duration"] < 0.11
    assert json.loads(trace["Segments"][0]["Document"])["name"] == "orders"


def test_the_largest_datagram_that_udp_carries_arrives(xray, client):
    trace_id = new_trace_id()
    document = json.dumps(segment(trace_id, metadata={"default": {"x": ""}}))
    padded = document.replace('"x": ""', '"x": "' + "y" * (65507 - len(HEADER) - len(document)) + '"')

    send(xray, HEADER + padded.encode())

    assert wait_until(lambda: traces(client, trace_id), 2)


def test_junk_is_counted_and_the_next_good_segment_arrives(xray, client):
    def rejected():
        return requests.get(f"{xray.url}/healthz", timeout=5).json()["rejected"]

    before, trace_id = rejected(), new_trace_id()
    junk = [os.urandom(n) for n in (1, 10, 1000, 60000)] + [
        b"{}\n{}",
        HEADER,
        HEADER + b"{",
        b"\n\n",
        HEADER + b"[]",
    ]

    send(xray, *junk, segment(trace_id))

    assert wait_until(lambda: traces(client, trace_id), 2)
    assert rejected() == before + len(junk)


def test_a_burst_of_5000_segments_arrives_whole(xray, client):
    trace_ids = [new_trace_id() for _ in range(5000)]
    before = requests.get(f"{xray.url}/healthz", timeout=5).json()

    send(xray, *(segment(trace_id) for trace_id in trace_ids))

    def all_there():
        now = requests.get(f"{xray.url}/healthz", timeout=5).json()
        return now["traces stored"] - before["traces stored"] >= 5000 and now

    assert wait_until(all_there, 15)["dropped"] == 0


def test_put_trace_segments_stores_valid_documents_and_names_the_others(client):
    trace_id = new_trace_id()
    bad = segment(trace_id) | {"id": "nonsense"}

    answer = client.put_trace_segments(
        TraceSegmentDocuments=[json.dumps(segment(trace_id)), json.dumps(bad), "{"]
    )

    assert [s["ErrorCode"] for s in answer["UnprocessedTraceSegments"]] == ["InvalidId", "ParseError"]
    assert answer["UnprocessedTraceSegments"][0]["Message"] == "Invalid segment. ErrorCode: InvalidId"
    assert len(traces(client, trace_id)) == 1


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]


def test_refusals_are_worded_as_the_service_words_them(client):
    ids = [new_trace_id() for _ in range(6)]

    refusals = [
        refusal(client.put_trace_segments, TraceSegmentDocuments=[]),
        refusal(client.batch_get_traces, TraceIds=ids),
        refusal(client.batch_get_traces, TraceIds=ids[:1], NextToken="x"),
        refusal(client.batch_get_traces, TraceIds=[ids[0], ids[0]]),
        refusal(client.batch_get_traces, TraceIds=["1-2-3"]),
        refusal(client.get_service_graph, StartTime=2, EndTime=1),
        refusal(client.get_service_graph, StartTime=1, EndTime=2, NextToken="x"),
        refusal(client.get_service_graph, StartTime=1, EndTime=2, GroupName="nobody"),
    ]

    assert {error["Code"] for error in refusals} == {"InvalidRequestException"}
    assert [error["Message"] for error in refusals] == [
        "Segments can not be empty",
        "Exceeding maximum query size: 5",
        "NextToken is currently not supported",
        "Containing duplicate trace ids",
        "Invalid trace id 1-2-3: incorrect id format",
        "End time cannot be earlier than start time",
        "NextToken is currently not supported",
        "Group not found.",
    ]


def test_unknown_traces_are_left_out(client):
    answer = client.batch_get_traces(TraceIds=[new_trace_id()])

    assert (answer["Traces"], answer["UnprocessedTraceIds"]) == ([], [])


def test_summaries_are_paged_to_the_end(xray, client):
    start = time.time() - 3600
    trace_ids = {new_trace_id() for _ in range(1200)}
    documents = [segment(t, start_time=start + n / 1000, end_time=start + 2) for n, t in enumerate(trace_ids)]
    for n in range(0, 1200, 300):
        client.put_trace_segments(TraceSegmentDocuments=[json.dumps(d) for d in documents[n : n + 300]])

    def listed():
        pages = client.get_paginator("get_trace_summaries").paginate(StartTime=start - 1, EndTime=start + 3)
        return [summary["Id"] for page in pages for summary in page["TraceSummaries"]]

    wait_until(lambda: len(listed()) >= 1200, 10, "all traces are visible")
    assert set(listed()) == trace_ids
    assert len(listed()) == 1200


def test_the_aws_command_line_reads_and_edits_sampling_rules(xray):
    def aws(*arguments):
        command = [sys.executable.replace("python", "aws"), "xray", *arguments, "--endpoint-url", xray.url]
        done = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable), "aws"), *command[1:]],
            env=CLEAN | CREDENTIALS,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    rules = [r["SamplingRule"] for r in aws("get-sampling-rules")["SamplingRuleRecords"]]
    assert [(r["RuleName"], r["FixedRate"]) for r in rules] == [
        ("lantern-no-static-files", 0.0),
        ("lantern-sample-everything", 1.0),
        ("Default", 0.05),
    ]

    change = {"RuleName": "lantern-sample-everything", "FixedRate": 0.5}
    aws("update-sampling-rule", "--sampling-rule-update", json.dumps(change))
    assert aws("get-sampling-rules")["SamplingRuleRecords"][1]["SamplingRule"]["FixedRate"] == 0.5
    aws("update-sampling-rule", "--sampling-rule-update", json.dumps(change | {"FixedRate": 1.0}))


def a_rule(name, **fields):
    everywhere = dict.fromkeys(
        ("ResourceARN", "ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath"), "*"
    )
    return {
        "RuleName": name,
        "Priority": 1,
        "FixedRate": 0.1,
        "ReservoirSize": 7,
        "Version": 1,
        **everywhere,
        **fields,
    }


def test_rules_have_the_services_limits(client):
    client.create_sampling_rule(SamplingRule=a_rule("checkout"))
    try:
        assert (
            "already exists"
            in refusal(client.create_sampling_rule, SamplingRule=a_rule("checkout"))["Message"]
        )
        assert refusal(client.create_sampling_rule, SamplingRule=a_rule("two", FixedRate=1.5))
        assert refusal(client.create_sampling_rule, SamplingRule=a_rule("two", Priority=10000))
        assert refusal(client.delete_sampling_rule, RuleName="Default")
        assert refusal(client.update_sampling_rule, SamplingRuleUpdate={"RuleName": "Default", "Host": "x"})
        assert refusal(client.delete_sampling_rule, RuleName="nobody")
    finally:
        client.delete_sampling_rule(RuleName="checkout")


def test_a_26th_rule_is_refused(client):
    for number in range(23):
        client.create_sampling_rule(SamplingRule=a_rule(f"rule-{number}"))
    try:
        assert (
            refusal(client.create_sampling_rule, SamplingRule=a_rule("one-more"))["Code"]
            == "RuleLimitExceededException"
        )
    finally:
        for number in range(23):
            client.delete_sampling_rule(RuleName=f"rule-{number}")


def test_a_reservoir_is_shared_out_over_the_clients(client):
    client.create_sampling_rule(SamplingRule=a_rule("shared"))

    def report(client_id, rule="shared"):
        statistics = {"RuleName": rule, "ClientID": client_id, "Timestamp": time.time()}
        counts = {"RequestCount": 1, "SampledCount": 1, "BorrowCount": 0}
        return client.get_sampling_targets(SamplingStatisticsDocuments=[statistics | counts])

    try:
        first = [report(c * 24)["SamplingTargetDocuments"][0] for c in "ab"]
        second = [report(c * 24)["SamplingTargetDocuments"][0] for c in "ab"]
        unknown = report("c" * 24, "nobody")
    finally:
        client.delete_sampling_rule(RuleName="shared")

    assert all("ReservoirQuota" not in target for target in first)
    assert sorted(target["ReservoirQuota"] for target in second) == [3, 4]
    assert unknown["UnprocessedStatistics"] == [
        {"RuleName": "nobody", "ErrorCode": "400", "Message": "Unknown rule"}
    ]


def test_the_sdks_own_sampler_follows_an_edited_rule(xray, client):
    """Its pollers run every ten seconds; here they are asked at once, each by its own method."""
    sampler = DefaultSampler()
    sampler.xray_client = client
    sampler._connector._xray_client = client
    request = {"host": "shop", "method": "GET", "path": "/", "service": "storefront"}
    sampler._rule_poller._refresh_cache()
    sampler._started = True
    assert sampler.should_trace(request) == "lantern-sample-everything"

    change = {"RuleName": "lantern-sample-everything", "FixedRate": 0.0}
    client.update_sampling_rule(SamplingRuleUpdate=change)
    sampler._cache.last_updated -= 2  # the SDK compares whole seconds
    try:
        sampler._target_poller._do_work()
        assert sampler._rule_poller._time_elapsed > 0, (
            "the targets' LastRuleModification asks for the rules again"
        )
        sampler._rule_poller._refresh_cache()
        assert not any(sampler.should_trace(request) for _ in range(50))
    finally:
        client.update_sampling_rule(SamplingRuleUpdate=change | {"FixedRate": 1.0})


def test_the_front_page_says_that_this_is_a_stand_in_and_counts(xray):
    page = requests.get(f"{xray.url}/", timeout=5)

    assert page.status_code == 200
    assert "stand-in for AWS X-Ray" in page.text
    assert "segments received over UDP" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_kill_9_loses_no_visible_trace(own_xray):
    trace_id = new_trace_id()
    send(own_xray, segment(trace_id))
    wait_until(lambda: traces(client_of(own_xray), trace_id), 2)

    own_xray.kill()
    own_xray.start()

    wait_until(lambda: own_xray.answers("/healthz"), 10)
    assert len(traces(client_of(own_xray), trace_id)) == 1


def test_sigterm_writes_received_segments_and_ends_within_two_seconds(own_xray):
    trace_ids = [new_trace_id() for _ in range(5)]
    send(own_xray, *(segment(t) for t in trace_ids))

    started = time.monotonic()
    assert own_xray.stop() == 0
    assert time.monotonic() - started < 2

    own_xray.start()
    wait_until(lambda: own_xray.answers("/healthz"), 10)
    assert len(traces(client_of(own_xray), *trace_ids)) == 5


@pytest.mark.parametrize("variable", ["XRAY_PORT", "OTLP_PORT", "XRAY_MAX_MB", "XRAY_MAX_AGE_H"])
def test_a_wrong_setting_is_named(tmp_path, variable):
    part = x_ray(tmp_path, **{variable: "many"})

    done = subprocess.run(
        part.command, cwd=ROOT, env=part.environ, capture_output=True, text=True, timeout=10
    )

    assert done.returncode == 2
    assert f"{variable}='many': expected a whole number" in done.stderr


def test_a_taken_port_is_named(xray, tmp_path):
    part = x_ray(tmp_path, XRAY_PORT=str(xray.port))

    done = subprocess.run(
        part.command, cwd=ROOT, env=part.environ, capture_output=True, text=True, timeout=10
    )

    assert done.returncode == 1
    assert re.search(rf"127\.0\.0\.1:{xray.port}.*in use.*XRAY_PORT", done.stderr)


def test_its_memory_stays_below_100_mb(xray):
    assert psutil.Process(xray.process.pid).memory_info().rss < 100e6
