"""Groups, tags, policies and other configuration, as boto3 and the aws command line use them."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.api.xray.server import client_of, new_trace_id, refusal, running, segment, send
from tests.shop import CLEAN, CREDENTIALS
from tests.waiting import wait_until


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory):
    with running(tmp_path_factory.mktemp("xray")) as part:
        yield part


@pytest.fixture(name="client")
def _client(xray):
    return client_of(xray)


@pytest.fixture(name="group")
def _group(client):
    made = client.create_group(
        GroupName="failures", FilterExpression="fault", Tags=[{"Key": "project", "Value": "lantern"}]
    )["Group"]
    yield made
    client.delete_group(GroupName="failures")


def test_the_default_group_exists_and_can_not_be_deleted(client):
    (default,) = client.get_groups()["Groups"]

    assert default["GroupName"] == "Default"
    assert "FilterExpression" not in default
    assert refusal(client.delete_group, GroupName="Default")[0] == "InvalidRequestException"


def test_a_group_is_found_by_name_and_by_arn(client, group):
    assert group["GroupARN"].startswith("arn:aws:xray:us-east-1:111122223333:group/failures/")
    assert len(group["GroupARN"].rsplit("/", 1)[-1]) == 52
    for which in ({"GroupName": "failures"}, {"GroupARN": group["GroupARN"]}):
        assert client.get_group(**which)["Group"] == group
    pages = client.get_paginator("get_groups").paginate()
    assert [group["GroupName"] for page in pages for group in page["Groups"]] == ["Default", "failures"]


def test_a_group_can_be_changed(client, group):
    changed = client.update_group(
        GroupName="failures", FilterExpression="error", InsightsConfiguration={"InsightsEnabled": True}
    )["Group"]

    assert changed["FilterExpression"] == "error"
    assert changed["InsightsConfiguration"] == {"InsightsEnabled": True, "NotificationsEnabled": False}
    assert client.get_group(GroupName="failures")["Group"] == changed


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"GroupName": "failures", "FilterExpression": "ok"}, "failures already exists"),
        ({"GroupName": "new"}, "Filter Expression is empty"),
        (
            {"GroupName": "new", "FilterExpression": "responstime > 1"},
            "Invalid filter expression at character 1",
        ),
        ({"GroupName": "a b", "FilterExpression": "ok"}, "GroupName must be 1 to 32"),
    ],
)
def test_a_wrong_group_is_refused(client, group, request_, expected):
    code, message = refusal(client.create_group, **request_)

    assert code == "InvalidRequestException"
    assert expected in message


def test_a_group_is_named_by_either_name_or_arn(client, group):
    name_and_arn = {"GroupName": "failures", "GroupARN": group["GroupARN"]}

    assert refusal(client.get_group)[1] == "Provide either GroupName or GroupARN"
    assert refusal(client.get_group, **name_and_arn)[1] == "Provide either GroupName or GroupARN"
    assert refusal(client.get_group, GroupName="nobody")[1] == "Group not found"


def test_a_groups_graph_and_series_are_of_its_traces_alone(xray, client, group):
    fine, failed = segment(new_trace_id(), "fine"), segment(new_trace_id(), "failed", fault=True)
    send(xray, fine, failed)
    for document in (fine, failed):
        wait_until(lambda sent=document: client.batch_get_traces(TraceIds=[sent["trace_id"]])["Traces"])
    span = {"StartTime": time.time() - 60, "EndTime": time.time() + 1}

    graph = client.get_service_graph(**span, GroupName="failures")["Services"]
    everything = client.get_service_graph(**span)["Services"]
    series = client.get_time_series_service_statistics(**span, GroupName="failures")
    by_filter = client.get_trace_summaries(**span, FilterExpression='group.name = "failures"')

    assert {service["Name"] for service in graph} == {"failed"}
    assert {service["Name"] for service in everything} == {"fine", "failed"}
    points = series["TimeSeriesServiceStatistics"]
    assert sum(point["EdgeSummaryStatistics"]["TotalCount"] for point in points) == 1
    assert [summary["Id"] for summary in by_filter["TraceSummaries"]] == [failed["trace_id"]]


def test_tags_are_added_replaced_and_removed(client, group):
    arn = group["GroupARN"]
    client.tag_resource(
        ResourceARN=arn, Tags=[{"Key": "project", "Value": "shop"}, {"Key": "team", "Value": "a"}]
    )
    client.untag_resource(ResourceARN=arn, TagKeys=["team", "nothing"])

    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "project", "Value": "shop"}]
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    assert refusal(client.tag_resource, ResourceARN=arn, Tags=many)[0] == "TooManyTagsException"
    nobody = "arn:aws:xray:us-east-1:111122223333:group/nobody"
    assert refusal(client.list_tags_for_resource, ResourceARN=nobody)[0] == "ResourceNotFoundException"


def test_a_sampling_rule_has_tags_until_it_is_deleted(client):
    rule = {
        "RuleName": "tagged",
        "Priority": 5,
        "FixedRate": 0.5,
        "ReservoirSize": 1,
        "Version": 1,
        **dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*"),
    }
    made = client.create_sampling_rule(SamplingRule=rule, Tags=[{"Key": "a", "Value": "b"}])
    arn = made["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]

    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    client.delete_sampling_rule(RuleName="tagged")
    assert refusal(client.list_tags_for_resource, ResourceARN=arn)[0] == "ResourceNotFoundException"


def test_a_policy_is_changed_only_with_its_current_revision(client):
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    first = client.put_resource_policy(PolicyName="p", PolicyDocument=document)["ResourcePolicy"]
    second = client.put_resource_policy(
        PolicyName="p", PolicyDocument=document, PolicyRevisionId=first["PolicyRevisionId"]
    )["ResourcePolicy"]
    stale = {"PolicyName": "p", "PolicyRevisionId": first["PolicyRevisionId"]}

    assert (
        refusal(client.put_resource_policy, **stale, PolicyDocument=document)[0]
        == "InvalidPolicyRevisionIdException"
    )
    assert refusal(client.delete_resource_policy, **stale)[0] == "InvalidPolicyRevisionIdException"
    assert client.list_resource_policies()["ResourcePolicies"] == [second]
    client.delete_resource_policy(PolicyName="p", PolicyRevisionId=second["PolicyRevisionId"])
    assert client.list_resource_policies()["ResourcePolicies"] == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "MalformedPolicyDocumentException"),
        ("[]", "MalformedPolicyDocumentException"),
        (json.dumps({"x": "y" * 6000}), "PolicySizeLimitExceededException"),
    ],
)
def test_a_wrong_policy_is_refused(client, document, code):
    assert refusal(client.put_resource_policy, PolicyName="wrong", PolicyDocument=document)[0] == code


def test_a_sixth_policy_is_refused(client):
    names = [f"p{number}" for number in range(5)]
    for name in names:
        client.put_resource_policy(PolicyName=name, PolicyDocument="{}")

    refused = refusal(client.put_resource_policy, PolicyName="p5", PolicyDocument="{}")

    for name in names:
        client.delete_resource_policy(PolicyName=name)
    assert refused[0] == "PolicyCountLimitExceededException"


def test_encryption_indexing_and_destination_are_remembered_or_refused(client):
    assert client.get_encryption_config()["EncryptionConfig"] == {"Status": "ACTIVE", "Type": "NONE"}
    put = client.put_encryption_config(Type="KMS", KeyId="alias/lantern")["EncryptionConfig"]
    assert put["Status"] == "UPDATING"
    assert client.get_encryption_config()["EncryptionConfig"]["KeyId"] == "alias/lantern"
    assert refusal(client.put_encryption_config, Type="KMS")[0] == "InvalidRequestException"
    client.put_encryption_config(Type="NONE")

    (rule,) = client.get_indexing_rules()["IndexingRules"]
    assert rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] == 1.0
    change = {"Probabilistic": {"DesiredSamplingPercentage": 20.0}}
    client.update_indexing_rule(Name="Default", Rule=change)
    (rule,) = client.get_indexing_rules()["IndexingRules"]
    assert rule["Rule"]["Probabilistic"]["ActualSamplingPercentage"] == 20.0
    assert refusal(client.update_indexing_rule, Name="other", Rule=change)[0] == "ResourceNotFoundException"

    assert client.get_trace_segment_destination()["Destination"] == "XRay"
    assert client.update_trace_segment_destination(Destination="XRay")["Status"] == "ACTIVE"
    refused = refusal(client.update_trace_segment_destination, Destination="CloudWatchLogs")
    assert "without AWS_ENDPOINT_URL" in refused[1]


def test_traces_are_retrieved_by_a_token(xray, client):
    document = segment(new_trace_id(), "retrieved")
    send(xray, document)
    wait_until(lambda: client.batch_get_traces(TraceIds=[document["trace_id"]])["Traces"])
    span = {"StartTime": time.time() - 60, "EndTime": time.time()}

    token = client.start_trace_retrieval(TraceIds=[document["trace_id"]], **span)["RetrievalToken"]
    listed = client.list_retrieved_traces(RetrievalToken=token)
    graph = client.get_retrieved_traces_graph(RetrievalToken=token)
    client.cancel_trace_retrieval(RetrievalToken=token)
    cancelled = client.list_retrieved_traces(RetrievalToken=token)

    (trace,) = listed["Traces"]
    assert (listed["RetrievalStatus"], trace["Id"]) == ("COMPLETE", document["trace_id"])
    assert json.loads(trace["Spans"][0]["Document"])["name"] == "retrieved"
    assert [entry["Service"]["Name"] for entry in graph["Services"]] == ["retrieved", "retrieved"]
    assert (cancelled["RetrievalStatus"], cancelled["Traces"]) == ("CANCELLED", [])
    assert refusal(client.list_retrieved_traces, RetrievalToken="nobody")[0] == "ResourceNotFoundException"
    too_many = [new_trace_id()] * 101
    assert refusal(client.start_trace_retrieval, TraceIds=too_many, **span)[0] == "ValidationException"


def test_there_are_no_insights(client):
    span = {"StartTime": time.time() - 60, "EndTime": time.time()}

    assert client.get_insight_summaries(**span, GroupName="Default")["InsightSummaries"] == []
    unknown = "12345678-1234-4234-8234-123456789012"
    for ask in (client.get_insight, client.get_insight_events):
        assert "Insight not found" in refusal(ask, InsightId=unknown)[1]
    assert "Insight not found" in refusal(client.get_insight_impact_graph, InsightId=unknown, **span)[1]


def test_reported_statistics_are_summed_over_the_last_closed_window(client):
    def report(name):
        counts = {"RequestCount": 10, "SampledCount": 4, "BorrowCount": 1}
        client.get_sampling_targets(
            SamplingStatisticsDocuments=[
                {"RuleName": "Default", "ClientID": name * 24, "Timestamp": time.time(), **counts}
            ]
        )

    wait_until(lambda: time.time() % 10 < 8, 5)  # both reports into one window
    report("a")
    report("b")

    (summary,) = wait_until(
        lambda: client.get_sampling_statistic_summaries()["SamplingStatisticSummaries"], 15
    )
    assert summary["RuleName"] == "Default"
    assert (summary["RequestCount"], summary["SampledCount"], summary["BorrowCount"]) == (20, 8, 2)
    assert summary["Timestamp"].timestamp() % 10 == 0


def test_the_command_line_makes_a_group_that_is_there_after_kill_9(tmp_path):
    with running(tmp_path) as part:
        client = client_of(part)
        command = ["xray", "create-group", "--group-name", "slow", "--filter-expression", "responsetime > 1"]
        done = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable), "aws"), *command],
            env=CLEAN | CREDENTIALS | {"AWS_ENDPOINT_URL": part.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        client.put_resource_policy(PolicyName="kept", PolicyDocument="{}")

        part.kill()
        part.start()
        wait_until(lambda: part.answers("/healthz"), 10)

        assert client.get_group(GroupName="slow")["Group"]["FilterExpression"] == "responsetime > 1"
        assert [policy["PolicyName"] for policy in client.list_resource_policies()["ResourcePolicies"]] == [
            "kept"
        ]
