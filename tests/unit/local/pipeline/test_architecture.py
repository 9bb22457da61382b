import json
import shutil

import pytest

from infra.template import FOLDER
from local.pipeline.architecture import ArchitectureError, full_name, read
from local.pipeline.codedeploy.traffic_shifting import PREDEFINED, traffic_shift

GROUP = "AWS::CodeDeploy::DeploymentGroup"
TARGETS, LISTENER = "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancingV2::Listener"


@pytest.fixture(name="architecture", scope="module")
def _architecture():
    return read()


@pytest.fixture(name="edited")
def _edited(tmp_path):
    """Reads the templates with every resource of a type in a stack changed by a function."""

    def edit(stack, kind, change):
        folder = tmp_path / "cloudformation"
        shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
        path = folder / f"lantern-{stack}.json"
        template = json.loads(path.read_text())
        for name, resource in list(template["Resources"].items()):
            if resource["Type"] == kind and change(resource["Properties"]) == "remove":
                del template["Resources"][name]
        path.write_text(json.dumps(template))
        return read(folder=folder)

    return edit


def test_the_templates_have_a_deployment_group_for_each_service(architecture):
    assert list(architecture.groups) == ["catalog", "orders", "storefront"]
    for name, group in architecture.groups.items():
        assert (group.service, group.desired) == (name, 2)
        assert (group.blue.name, group.green.name) == (f"lantern-{name}-blue", f"lantern-{name}-green")
        assert group.termination_minutes == 5
        assert len(group.rolls_back_on) == 3
        assert group.first_task_definition["Family"] == f"lantern-{name}"


def test_each_group_shifts_by_a_canary_of_ten_percent_for_five_minutes(architecture):
    shifts = [traffic_shift(group.config) for group in architecture.groups.values()]

    assert {tuple(shift.steps()) for shift in shifts} == {((10, 5), (100, 0))}


def test_each_group_watches_its_own_alarms(architecture):
    for name, group in architecture.groups.items():
        assert set(group.alarms) == {
            f"lantern-{name}-unanswered",
            *(
                f"lantern-{name}-{side}-{what}"
                for side in ("blue", "green")
                for what in ("errors", "latency")
            ),
        }


def test_ports_are_those_of_the_listeners(architecture):
    ports = {name: (group.production.port, group.test.port) for name, group in architecture.groups.items()}

    assert ports == {"catalog": (8081, 9081), "orders": (8082, 9082), "storefront": (80, 9080)}
    assert architecture.groups["storefront"].production.balancer == "lantern-public"
    assert architecture.groups["orders"].production.target_group == "lantern-orders-blue"


def test_an_alarm_names_the_target_group_that_it_watches_as_its_metrics_do(architecture):
    alarm = architecture.alarms["lantern-orders-green-latency"]

    dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}

    assert dimensions["TargetGroup"] == architecture.groups["orders"].green.full_name
    assert dimensions["LoadBalancer"] == full_name("app", "lantern-internal")


def test_the_pipeline_and_its_resources_are_read(architecture):
    assert architecture.application == "lantern"
    assert [stage["Name"] for stage in architecture.pipeline["Stages"]] == ["Source", "Build", "Deploy"]
    assert architecture.branch == "main"
    assert architecture.bucket.startswith("lantern-artifacts-")
    assert "lantern/orders" in architecture.repositories
    assert "/lantern/orders" in architecture.log_groups
    assert list(architecture.functions) == ["CodeDeployHook_lantern-smoke"]  # DORA's come from a bucket


def test_a_parameter_adds_the_approval_to_the_pipeline():
    pipeline = read({"Approval": "yes"}).pipeline

    categories = [
        action["ActionTypeId"]["Category"] for stage in pipeline["Stages"] for action in stage["Actions"]
    ]
    assert "Approval" in categories


@pytest.mark.parametrize("name", PREDEFINED)
def test_a_changed_deployment_configuration_is_followed(edited, name):
    architecture = edited("orders", GROUP, lambda group: group.update(DeploymentConfigName=name))

    assert architecture.groups["orders"].config == name
    assert architecture.groups["catalog"].config == "CodeDeployDefault.ECSCanary10Percent5Minutes"


def test_a_group_without_alarms_and_rollbacks_has_none(edited):
    def change(group):
        del group["AlarmConfiguration"]
        group["AutoRollbackConfiguration"]["Enabled"] = False

    group = edited("orders", GROUP, change).groups["orders"]

    assert (group.alarms, group.rolls_back_on) == ((), ())


def test_a_target_group_that_says_little_is_checked_by_awss_defaults(edited):
    def change(targets):
        for key in [
            key for key in targets if key.startswith(("Health", "Unhealthy", "Matcher", "TargetGroupA"))
        ]:
            del targets[key]

    green = edited("orders", TARGETS, change).groups["orders"].green

    assert (green.path, green.interval_s, green.timeout_s) == ("/", 30, 5)
    assert (green.healthy, green.unhealthy, green.statuses, green.drain_s) == (5, 2, "200", 300)


def test_a_listener_may_forward_by_weights(edited):
    def change(listener):
        arn = listener["DefaultActions"][0].pop("TargetGroupArn")
        listener["DefaultActions"][0]["ForwardConfig"] = {
            "TargetGroups": [{"TargetGroupArn": arn, "Weight": 1}]
        }

    group = edited("orders", LISTENER, change).groups["orders"]

    assert group.production.target_group == "lantern-orders-blue"


def without(key):
    """A change that takes a property away."""
    return lambda properties: properties.pop(key) and None


@pytest.mark.parametrize(
    ("stack", "kind", "change", "message"),
    [
        (
            "orders",
            GROUP,
            without("LoadBalancerInfo"),
            "lantern-orders.json DeploymentGroup.*: LoadBalancerInfo is",
        ),
        ("orders", GROUP, without("ECSServices"), "ECSServices is missing"),
        (
            "orders",
            GROUP,
            lambda properties: properties.update(ECSServices=[]),
            "an entry of a list is missing",
        ),
        (
            "orders",
            GROUP,
            lambda properties: (
                properties["LoadBalancerInfo"]["TargetGroupPairInfoList"][0].pop("TestTrafficRoute") and None
            ),
            "TestTrafficRoute is missing",
        ),
        ("orders", TARGETS, without("Port"), "lantern-orders.json .*: Port is missing"),
        ("orders", TARGETS, without("Name"), "lantern-orders.json .*: Name is missing"),
        ("orders", LISTENER, without("DefaultActions"), "Listener.*: DefaultActions is missing"),
        ("orders", "AWS::ECS::Service", lambda _: "remove", "orders is missing"),
        (
            "orders",
            GROUP,
            lambda properties: properties.update(
                AlarmConfiguration={"Enabled": True, "Alarms": [{"Name": "orders-on-fire"}]}
            ),
            "deployment group orders: the templates have no alarm orders-on-fire",
        ),
        (
            "orders",
            GROUP,
            lambda properties: properties["BlueGreenDeploymentConfiguration"].update(
                TerminateBlueInstancesOnDeploymentSuccess={"Action": "KEEP_ALIVE"}
            ),
            "deployment group orders: Action KEEP_ALIVE can't be rehearsed",
        ),
        (
            "orders",
            GROUP,
            lambda properties: properties["BlueGreenDeploymentConfiguration"].update(
                DeploymentReadyOption={"ActionOnTimeout": "STOP_DEPLOYMENT", "WaitTimeInMinutes": 5}
            ),
            "deployment group orders: ActionOnTimeout STOP_DEPLOYMENT can't be rehearsed",
        ),
        (
            "pipeline",
            "AWS::CodePipeline::Pipeline",
            lambda properties: properties.update(Stages=[]),
            "an entry of a list is",
        ),
        (
            "pipeline",
            "AWS::CodeBuild::Project",
            lambda _: "remove",
            "refers to BuildProject, which is not in",
        ),
    ],
)
def test_a_missing_property_is_named_with_its_resource(edited, stack, kind, change, message):
    with pytest.raises(ArchitectureError, match=message):
        edited(stack, kind, change)


def test_a_missing_template_is_named(tmp_path):
    with pytest.raises(ArchitectureError, match="is missing: 'make synth' writes it"):
        read(folder=tmp_path)
