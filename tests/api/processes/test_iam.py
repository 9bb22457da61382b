"""The local AWS enforces the templates' roles: AWS's own clients ask it, each with the rights of a role."""

import base64
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import botocore.exceptions
import pytest
import requests

from local.iam.operations import Access
from local.pipeline.iam.roles import read_policies
from local.pipeline.iam.sessions import AccessDenied, Sessions
from local.pipeline.local_aws import LocalAws
from local.pipeline.settings import Settings
from local.xray.permissions import Permissions
from settings import load
from tests.api.processes import test_local_aws
from tests.api.xray import server
from tests.ports import free_port
from tests.waiting import wait_until

ROLE = "arn:aws:iam::111122223333:role/lantern-{}".format
BUCKET = "lantern-artifacts-111122223333-us-east-1"
DAEMON = str(test_local_aws.ROOT / "local/pipeline/ecs/xray_daemon/daemon.py")
SOURCE = "arn:aws:ecs:us-east-1:111122223333:cluster/lantern"
PIPELINE = "arn:aws:codepipeline:us-east-1:111122223333:lantern"
BUILD = "arn:aws:codebuild:us-east-1:111122223333:build/lantern-build:1"
DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/lantern-{}/session is not authorized to perform: {} "
    "on resource: {}"
)


@pytest.fixture(name="aws", scope="module")
def _aws(tmp_path_factory):
    process = test_local_aws.LocalAws(tmp_path_factory.mktemp("iam"))
    process.start()
    aws = LocalAws(load(Settings, {"AWS_ENDPOINT_URL": process.url}))
    aws.create("s3", "create_bucket", Bucket=BUCKET)
    aws.create("ecr", "create_repository", repositoryName="lantern/catalog")
    aws.create("logs", "create_log_group", logGroupName="/lantern/build")
    yield aws
    process.end(signal.SIGTERM)


@pytest.fixture(name="sessions")
def _sessions(aws):
    sessions = Sessions(aws)
    sessions.provide(read_policies())
    return sessions


def refused(call, **request):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"].startswith("AccessDenied"), error.value
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return error.value.response["Error"]["Message"]


def test_a_role_is_assumed_by_the_service_that_it_trusts_and_nobody_else(sessions):
    assert sessions.acting("codepipeline", ROLE("pipeline"), "session", PIPELINE).access_key_id.startswith(
        "ASIA"
    )

    message = refused(lambda: sessions.acting("lambda", ROLE("pipeline"), "session"))

    assert message.startswith(
        "User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::111122223333:role/lantern-pipeline"
    )


def test_a_tasks_role_wants_the_source_that_ecs_names(sessions):
    sessions.acting("ecs-tasks", ROLE("catalog-task"), "session", SOURCE)
    refused(lambda: sessions.acting("ecs-tasks", ROLE("catalog-task"), "session"))


def test_who_asks_is_the_roles_session(sessions):
    sts = sessions.acting("codebuild", ROLE("build"), "session", BUILD).client("sts")

    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::111122223333:assumed-role/lantern-build/session"


def test_a_build_writes_below_the_pipelines_prefix_only(sessions):
    s3 = sessions.acting("codebuild", ROLE("build"), "session", BUILD).client("s3")

    s3.put_object(Bucket=BUCKET, Key="lantern/source/1", Body=b"zip")
    assert s3.get_object(Bucket=BUCKET, Key="lantern/source/1")["Body"].read() == b"zip"
    message = refused(s3.put_object, Bucket=BUCKET, Key="dora/1.zip", Body=b"zip")

    assert message == DENIED.format("build", "s3:PutObject", f"arn:aws:s3:::{BUCKET}/dora/1.zip") + (
        " because no identity-based policy allows the s3:PutObject action"
    )
    assert "s3:ListBucket" in refused(s3.list_objects_v2, Bucket=BUCKET)


def test_a_task_reaches_its_own_table_and_not_the_other(sessions):
    dynamodb = sessions.acting("ecs-tasks", ROLE("catalog-task"), "session", SOURCE).client("dynamodb")

    dynamodb.get_item(TableName="lantern-products", Key={"sku": {"S": "none"}})
    table = "arn:aws:dynamodb:us-east-1:111122223333:table/lantern-orders"
    message = refused(dynamodb.get_item, TableName="lantern-orders", Key={"order_id": {"S": "none"}})
    assert message.startswith(DENIED.format("catalog-task", "dynamodb:GetItem", table))
    transaction = [
        {"Put": {"TableName": "lantern-products", "Item": {"sku": {"S": "x"}}}},
        {"Delete": {"TableName": "lantern-orders", "Key": {"order_id": {"S": "x"}}}},
    ]
    assert "dynamodb:DeleteItem" in refused(dynamodb.transact_write_items, TransactItems=transaction)


def test_whoever_registers_a_task_definition_passes_its_roles(sessions):
    ecs = sessions.acting("codepipeline", ROLE("pipeline"), "session", PIPELINE).client("ecs")
    definition = {"family": "lantern-catalog", "containerDefinitions": [{"name": "app", "image": "x"}]}

    ecs.register_task_definition(**definition, taskRoleArn=ROLE("catalog-task"))
    message = refused(ecs.register_task_definition, **definition, taskRoleArn=ROLE("deployer"))

    assert message.startswith(DENIED.format("pipeline", "iam:PassRole", ROLE("deployer")))


def test_docker_pushes_and_pulls_with_the_rights_of_the_role_that_logged_in(sessions, aws):
    ecr = sessions.acting("codebuild", ROLE("build"), "session", BUILD).client("ecr")
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    registry = f"{aws._settings.aws_url}/v2"

    def ask(method, path):
        return requests.request(method, f"{registry}/{path}", auth=(user, password), timeout=5)

    assert ask("GET", "").status_code == 200
    assert ask("HEAD", "lantern/catalog/manifests/none").status_code == 404
    assert ask("POST", "lantern/catalog/blobs/uploads/").status_code == 202
    answer = ask("POST", "lantern/xray-daemon/blobs/uploads/")
    assert (answer.status_code, "ecr:InitiateLayerUpload" in answer.text) == (403, True)
    assert requests.get(f"{registry}/", auth=("AWS", "any"), timeout=5).status_code == 200, "a person"


def test_an_operation_of_which_nobody_knows_the_action_is_refused_by_name(sessions):
    dynamodb = sessions.acting("codebuild", ROLE("build"), "session", BUILD).client("dynamodb")

    assert "dynamodb ListTables" in refused(dynamodb.list_tables)


def test_a_stand_in_asks_before_it_does_something_in_a_roles_place(sessions):
    function = "arn:aws:lambda:us-east-1:111122223333:function:"
    hook = f"{function}CodeDeployHook_lantern-smoke"
    sessions.require(
        ROLE("deployer"),
        "session",
        [Access("lambda:InvokeFunction", hook)],
    )

    with pytest.raises(AccessDenied) as error:
        sessions.require(ROLE("deployer"), "session", [Access("lambda:InvokeFunction", f"{function}other")])

    assert str(error.value) == DENIED.format("deployer", "lambda:InvokeFunction", f"{function}other") + (
        " because no identity-based policy allows the lambda:InvokeFunction action"
    )


def test_a_policy_is_changed_with_awss_own_command_and_counts_at_once(sessions, aws):
    s3 = sessions.acting("codebuild", ROLE("build"), "session", BUILD).client("s3")
    s3.put_object(Bucket=BUCKET, Key="lantern/source/2", Body=b"zip")

    aws.client("iam").delete_role_policy(RoleName="lantern-build", PolicyName="least")
    assert "s3:PutObject" in refused(s3.put_object, Bucket=BUCKET, Key="lantern/source/2", Body=b"zip")

    sessions.provide(read_policies())
    s3.put_object(Bucket=BUCKET, Key="lantern/source/2", Body=b"zip")


def test_a_buckets_policy_denies_whatever_the_role_has(sessions, aws):
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    s3 = sessions.acting("codebuild", ROLE("build"), "session", BUILD).client("s3")
    aws.client("s3").put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )

    message = refused(s3.get_object, Bucket=BUCKET, Key="lantern/source/1")

    assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_person_may_do_everything(aws):
    aws.client("s3").put_object(Bucket=BUCKET, Key="dora/1.zip", Body=b"zip")


def test_the_local_x_ray_asks_what_the_role_of_a_task_may(sessions, aws):
    role = sessions.acting("ecs-tasks", ROLE("catalog-task"), "session", SOURCE)
    header = f"AWS4-HMAC-SHA256 Credential={role.access_key_id}/20260101/us-east-1/xray/aws4_request, "
    headers = {"authorization": f"{header}SignedHeaders=host, Signature=none"}
    permissions = Permissions(aws._settings.aws_url)

    assert permissions.denial(headers, "PutTraceSegments") == ""
    assert permissions.denial(headers, "GetTraceSummaries") == DENIED.format(
        "catalog-task", "xray:GetTraceSummaries", "*"
    ) + (" because no identity-based policy allows the xray:GetTraceSummaries action")
    assert permissions.denial({}, "GetTraceSummaries") == "", "X-Ray itself asks for a signature"
    assert "the local AWS, which keeps roles, says" in Permissions("http://127.0.0.1:9").denial(headers, "x")


@contextmanager
def daemon_of(x_ray, role):
    """The stand-in for X-Ray's daemon beside a task with this role: the port that it takes segments at."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, DAEMON, f"--bind={address}", f"--bind-tcp={address}"],
        env={"AWS_ENDPOINT_URL_XRAY": x_ray.url, "AWS_ACCESS_KEY_ID": role.access_key_id},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().startswith("Stand-in")
        yield SimpleNamespace(port=port, process=process)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_tasks_daemon_sends_its_segments_with_the_tasks_role(sessions, aws, tmp_path):
    task = sessions.acting("ecs-tasks", ROLE("catalog-task"), "session", SOURCE)
    other = sessions.acting("codebuild", ROLE("build"), "session", BUILD)
    trace_id = server.new_trace_id()
    with server.running(tmp_path, AWS_ENDPOINT_URL=aws._settings.aws_url) as x_ray:
        with daemon_of(x_ray, task) as daemon:
            server.send(daemon, server.segment(trace_id))
            client = server.client_of(x_ray)
            wait_until(lambda: client.batch_get_traces(TraceIds=[trace_id])["Traces"], 10, "the trace")
        with daemon_of(x_ray, other) as daemon:
            server.send(daemon, server.segment(server.new_trace_id()))
            line = daemon.process.stdout.readline()

    assert line.startswith("1 segments were not sent: 403")
    assert DENIED.format("build", "xray:PutTraceSegments", "*") in line
