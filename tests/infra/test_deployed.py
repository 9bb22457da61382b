"""The committed templates, deployed on an emulated account: real images, real containers, a real order."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.shop import SERVICES, STACKS, stack_name
from tests.infra.account import ROOT, TAG, Account, build
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("docker")

# What MiniStack 1.5.33 has not; it is proven by `make verify-infra` only
LEFT_OUT = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm with metric math",
    "AWS::CodeCommit::Repository",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CodePipeline::Pipeline",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Logs::QueryDefinition",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
}


@pytest.fixture(name="account", scope="module")
def _account():
    account = Account()
    try:
        account.open()
        account.create("foundation")
        account.push_images()
        for part in STACKS[1:]:
            account.create(part)
        account.listen()
        yield account
    finally:
        account.close()


@pytest.fixture(name="open_shop", scope="module")
def _open_shop(account):
    """Two tasks of each service answer, and the lanterns are on the shelf."""
    ecs = account.client("ecs")
    wait_until(lambda: all(one["runningCount"] == 2 for one in services(ecs)), within_s=90)
    wait_until(lambda: account.shop("GET", "/readyz").status_code == 200, within_s=60)
    task = ecs.run_task(
        cluster="lantern",
        taskDefinition="lantern-catalog",
        launchType="FARGATE",
        overrides={
            "containerOverrides": [{"name": "app", "command": ["python3", "-m", "services.catalog.seed"]}]
        },
    )["tasks"][0]["taskArn"]
    stopped = wait_until(lambda: exit_code(ecs, task), within_s=60)
    assert stopped == "0", account.logs()
    return account


def services(ecs):
    return ecs.describe_services(cluster="lantern", services=[one.name for one in SERVICES])["services"]


def exit_code(ecs, task):
    containers = ecs.describe_tasks(cluster="lantern", tasks=[task])["tasks"][0]["containers"]
    code = next(one for one in containers if one["name"] == "app").get("exitCode")
    return None if code is None else str(code)


def test_every_stack_is_created_but_for_the_types_that_the_emulator_lacks(account):
    for kind, resources in sorted(account.left_out.items()):
        print(f"left out: {kind}: {', '.join(sorted(resources))}")
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]

    assert {one["StackName"] for one in stacks} == {stack_name(part) for part in STACKS}
    assert {one["StackStatus"] for one in stacks} == {"CREATE_COMPLETE"}
    assert set(account.left_out) == LEFT_OUT


def test_an_image_under_a_tag_can_not_be_replaced(account):
    other = build("lantern-test-sidecar", "tests/infra/sidecar.Dockerfile")

    said = account.push(other, "lantern/orders", TAG)

    assert "immutable" in said


def test_an_order_goes_through_both_load_balancers_and_three_services(open_shop):
    before = open_shop.shop("GET", "/api/products/brass-storm-lantern").json()["stock"]

    answer = open_shop.shop(
        "POST",
        "/api/orders",
        json={"items": [{"sku": "brass-storm-lantern", "quantity": 2}]},
        headers={"Idempotency-Key": "order-on-the-emulated-account"},
    )

    assert answer.status_code == 201, answer.text
    order_id = answer.json()["order_id"]
    item = open_shop.client("dynamodb").get_item(
        TableName="lantern-orders", Key={"order_id": {"S": order_id}}
    )["Item"]
    assert item["state"]["S"] == "confirmed"
    assert open_shop.shop("GET", "/api/products/brass-storm-lantern").json()["stock"] == before - 2
    assert answer.headers["X-Service-Version"] == TAG


def test_the_services_lines_are_in_their_log_groups(open_shop):
    answer = open_shop.shop("GET", "/api/products")
    trace_id = answer.headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]
    logs = open_shop.client("logs")

    for group in ("/lantern/storefront", "/lantern/catalog"):
        wait_until(
            lambda group=group: any(
                trace_id in event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]
            ),
            within_s=15,
        )


CHECKS = ("make lint", "-m pytest")  # this very run does them already


def run_buildspec(account, folder: Path, commit: str) -> subprocess.CompletedProcess[str]:
    """Run the commands of buildspec.yml as CodeBuild does: one shell, in a checkout without history."""
    if not folder.exists():
        folder.mkdir()
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text())
    commands = [
        command
        for phase in ("install", "pre_build", "build", "post_build")
        for command in spec["phases"][phase]["commands"]
        if not any(check in command for check in CHECKS)
    ]
    environment = {
        **{name: str(value) for name, value in spec["env"]["variables"].items()},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "SERVICE": "orders",
        "AWS_ACCOUNT_ID": "111122223333",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": account.url,
        "ECR_REGISTRY": f"127.0.0.1:{account.port}",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": commit,
    }
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(commands)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_buildspec_builds_pushes_and_renders_and_can_be_run_again(account, tmp_path):
    """A retried build finds its immutable tag taken, by itself."""
    commit = "0123456789abcdef0123456789abcdef01234567"

    first = run_buildspec(account, tmp_path / "source", commit)
    assert first.returncode == 0, first.stdout + first.stderr
    written = {path.name: path.read_text() for path in (tmp_path / "source" / "deploy").iterdir()}
    again = run_buildspec(account, tmp_path / "source", commit)

    image = account.client("ecr").describe_images(
        repositoryName="lantern/orders", imageIds=[{"imageTag": commit}]
    )["imageDetails"][0]["imageDigest"]
    assert json.loads(written["imageDetail.json"])["ImageURI"] == (
        f"127.0.0.1:{account.port}/lantern/orders@{image}"
    )
    environment = json.loads(written["taskdef.json"])["containerDefinitions"][0]["environment"]
    assert {"name": "SERVICE_VERSION", "value": commit[:7]} in environment
    assert again.returncode == 0, again.stdout + again.stderr
    assert "is in the registry already" in again.stdout


def test_the_buildspec_says_what_is_not_set(account, tmp_path):
    done = run_buildspec(account, tmp_path / "source", "")

    assert done.returncode == 1
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION is not set" in done.stderr


def test_the_buildspecs_commands_are_sound_shell(tmp_path):
    """Each is a script of its own to shellcheck; variables of CodeBuild and of earlier commands are known."""
    spec = yaml.safe_load((ROOT / "buildspec.yml").read_text())
    script = tmp_path / "commands.sh"
    commands = [command for phase in spec["phases"].values() for command in phase["commands"]]
    script.write_text("#!/usr/bin/env bash\n" + "\n".join(commands))

    checked = subprocess.run(
        [str(Path(sys.executable).with_name("shellcheck")), "--exclude=SC2154", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_drift_detection_finds_what_was_changed_by_hand(account):
    cloudformation = account.client("cloudformation")
    account.client("logs").put_retention_policy(logGroupName="/lantern/orders", retentionInDays=1)

    detection = cloudformation.detect_stack_drift(StackName="lantern-orders")["StackDriftDetectionId"]
    status = wait_until(lambda: drift_status(cloudformation, detection), within_s=30)
    drifts = cloudformation.describe_stack_resource_drifts(
        StackName="lantern-orders", StackResourceDriftStatusFilters=["MODIFIED"]
    )["StackResourceDrifts"]

    assert status == "DRIFTED"
    found = [
        (one["LogicalResourceId"], change["PropertyPath"], change["ActualValue"])
        for one in drifts
        for change in one["PropertyDifferences"]
    ]
    assert ("LogGroup", "/RetentionInDays", "1") in found


def drift_status(cloudformation, detection):
    said = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    return None if said["DetectionStatus"] == "DETECTION_IN_PROGRESS" else said["StackDriftStatus"]
