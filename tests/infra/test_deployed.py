"""The committed templates, deployed on an emulated account with real images and containers; then an order."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.operations import deploy, deployment_guard, destroy, drift, images
from infra.operations.account import Account
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION, SERVICES, STACKS, stack_name
from tests.infra import person
from tests.infra.emulated_account import ROOT, EmulatedAccount, build
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("docker")

COMMIT = "89abcdef" * 5

# Types that MiniStack 1.5.33 lacks: `make verify-infra` alone checks them
LEFT_OUT = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm with metric math",
    "AWS::CodeCommit::Repository",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CodePipeline::Pipeline",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Logs::QueryDefinition",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
}


@pytest.fixture(name="account", scope="module")
def _account(tmp_path_factory):
    """Deployed by the command's own function; a commit of this checkout, whatever is not committed in it."""
    account, folder, patch = EmulatedAccount(), tmp_path_factory.mktemp("templates"), pytest.MonkeyPatch()
    for name, value in account.environment().items():
        patch.setenv(name, value)
    patch.setattr(images, "commit", lambda: COMMIT)
    # The emulator has neither CodeDeploy nor CodePipeline: see tests/unit/infra/operations
    patch.setattr(deployment_guard, "running_deployments", lambda *_: [])
    patch.setattr(destroy, "_stop_pipeline", lambda *_: None)
    account.calls = person.record_calls(patch)
    try:
        account.open()
        account.write_templates(folder)
        # Where the daemon's image can't be pulled, this copy is taken instead
        account.bring(
            build("lantern-test-sidecar", "tests/infra/sidecar.Dockerfile"), images.XRAY_PUBLIC_IMAGE
        )
        deploy.deploy(Account(), {}, print, folder=folder, poll_s=0.2)
        account.listen()
        account.templates = folder
        yield account
    finally:
        patch.undo()
        account.close()


@pytest.fixture(name="open_shop", scope="module")
def _open_shop(account):
    """Two tasks of each service answer, and the products are in the table."""
    ecs = account.client("ecs")
    wait_until(lambda: all(service["runningCount"] == 2 for service in services(ecs)), within_s=90)
    wait_until(lambda: account.shop("GET", "/readyz").status_code == 200, within_s=60)
    return account


def services(ecs):
    return ecs.describe_services(cluster="lantern", services=[service.name for service in SERVICES])[
        "services"
    ]


def test_every_stack_is_created_but_for_the_types_that_the_emulator_lacks(account):
    for kind, resources in sorted(account.left_out.items()):
        print(f"left out: {kind}: {', '.join(sorted(resources))}")
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]

    assert {stack["StackName"] for stack in stacks} == {stack_name(part) for part in STACKS}
    assert {stack["StackStatus"] for stack in stacks} == {"CREATE_COMPLETE"}
    assert set(account.left_out) == LEFT_OUT


def test_an_image_under_a_tag_can_not_be_replaced(account):
    other = build("lantern-test-sidecar", "tests/infra/sidecar.Dockerfile")

    answer = account.push(other, "lantern/orders", COMMIT)

    assert "immutable" in answer


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
    assert answer.headers["X-Service-Version"] == COMMIT


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


CHECKS = ("make test-service",)  # this run of the tests has done them


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
        **account.environment(),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "SERVICE": "orders",
        "AWS_ACCOUNT_ID": EXAMPLE_ACCOUNT,
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


def test_deploying_again_changes_nothing(account):
    lines = []

    deploy.deploy(Account(), {}, lines.append, folder=account.templates, poll_s=0.2)

    assert [line for line in lines if "nothing to change" in line] == [
        f"{stack_name(part)}: nothing to change" for part in STACKS
    ]
    assert not any("build and push" in line for line in lines)


def test_drift_finds_what_was_changed_by_hand(account):
    account.client("logs").put_retention_policy(logGroupName="/lantern/orders", retentionInDays=1)

    report = drift.detect(Account(), print, poll_s=0.2)

    assert (
        drift.Difference(
            stack="lantern-orders",
            resource="LogGroup",
            property="/RetentionInDays",
            expected="30",
            actual="1",
        )
        in report.unexpected
    )
    assert report.checked > 0
    assert report.unchecked > 0  # the emulator can't look at ECS and load balancers


def test_destroy_leaves_nothing(account):
    """Last in this module: afterwards the account is as empty as it was."""
    bucket = f"lantern-artifacts-{EXAMPLE_ACCOUNT}-{EXAMPLE_REGION}"
    for body in (b"1", b"2"):
        account.client("s3").put_object(Bucket=bucket, Key="a", Body=body)

    remaining = destroy.destroy(Account(), print, with_data=True, poll_s=0.2)

    assert remaining == []
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []
    assert account.client("ecr").describe_repositories()["repositories"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("logs").describe_log_groups(logGroupNamePrefix="/lantern")["logGroups"] == []
    assert account.client("ecs").list_task_definitions()["taskDefinitionArns"] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("sqs").list_queues().get("QueueUrls", []) == []
    # The emulator forgets a one-off task's sidecar; ECS stops it with the task
    wait_until(
        lambda: (
            not [task for task in account.tasks() if task.name.endswith("-app") and task.status == "running"]
        )
    )


def test_the_persons_policy_allows_every_call_of_the_commands(account):
    """After all of them ran: infra/iam/person_policy.json."""
    assert len(account.calls) > 25
    assert account.calls - person.direct_actions() == set()
