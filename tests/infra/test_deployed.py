"""The committed templates, deployed on an emulated account: real images, real containers, a real order."""

import pytest

from infra.shop import SERVICES, STACKS, stack_name
from tests.infra.account import TAG, Account, build
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
