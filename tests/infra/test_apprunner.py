"""The templates for App Runner, for ECS Express Mode, and for the roles of the pods on EKS."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.checks.iam import WITHOUT_RESOURCE
from infra.constructs.ecs.task_roles import TABLE_ACTIONS, XRAY_ACTIONS
from infra.shop import CLUSTER, SERVICES, XRAY_DAEMON_VERSION
from services.storefront.settings import Settings
from settings import variables

ROOT = Path(__file__).parents[2]
APP_RUNNER = "apprunner/lantern-apprunner.json"
EXPRESS = "apprunner/lantern-express.json"
EKS = "eks/lantern-eks.json"
TEMPLATES = (APP_RUNNER, EXPRESS, EKS)


def load(name):
    return json.loads((ROOT / "infra" / name).read_text())


def properties(template, kind):
    return [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]


def only(template, kind):
    (resource_properties,) = properties(template, kind)
    return resource_properties


def statements(template):
    return [
        statement
        for role in properties(template, "AWS::IAM::Role")
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def as_list(value):
    return value if isinstance(value, list) else [value]


def cfn_lint(path):
    program = str(Path(sys.executable).with_name("cfn-lint"))
    run = subprocess.run(
        [program, "--format", "json", str(path)], capture_output=True, text=True, check=False
    )
    return [f"{finding['Rule']['Id']} {finding['Message']}" for finding in json.loads(run.stdout or "[]")]


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing(name):
    assert cfn_lint(ROOT / "infra" / name) == []


MISTAKES = {
    "property in the wrong case": (APP_RUNNER, '"ServiceName"', '"Servicename"', "Servicename"),
    "size that App Runner does not have": (APP_RUNNER, '"Cpu": "256"', '"Cpu": "300"', "'300'"),
    "reference to nothing": (APP_RUNNER, '["Connector", "VpcConnectorArn"]', '["Tunnel", "Arn"]', "Tunnel"),
    "metric that does not exist": (EXPRESS, '"REQUEST_COUNT_PER_TARGET"', '"REQUESTS"', "'REQUESTS'"),
    "no infrastructure role": (EXPRESS, '"InfrastructureRoleArn"', '"InfraRoleArn"', "InfrastructureRoleArn"),
    "no namespace": (EKS, '"Namespace": "lantern",', "", "'Namespace' is a required property"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_cfn_lint_finds_a_mistake(mistake, tmp_path):
    name, old, new, expected = MISTAKES[mistake]
    text = (ROOT / "infra" / name).read_text()
    assert old in text
    path = tmp_path / Path(name).name
    path.write_text(text.replace(old, new))

    findings = cfn_lint(path)

    assert any(expected in finding for finding in findings), findings


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_deploys_without_a_bucket_and_explains_its_parameters(name):
    template = load(name)

    assert len((ROOT / "infra" / name).read_bytes()) < 51_200
    assert all(parameter.get("Description") for parameter in template["Parameters"].values())


@pytest.mark.parametrize("name", TEMPLATES)
def test_everything_that_can_be_tagged_is_tagged(name):
    for logical_id, resource in load(name)["Resources"].items():
        tag = {"Key": "project", "Value": "lantern"}
        assert tag in resource["Properties"].get("Tags", []), f"{name}: {logical_id}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_nobody_may_do_more_than_needed(name):
    for statement in statements(load(name)):
        actions = as_list(statement["Action"])
        assert not [action for action in actions if "*" in action], statement
        if statement["Resource"] == "*":
            assert set(actions) <= WITHOUT_RESOURCE, statement


@pytest.mark.parametrize("name", TEMPLATES)
def test_whatever_is_imported_is_exported_by_an_earlier_stack(name):
    imported = set(re.findall(r'"Fn::ImportValue": "([^"]+)"', (ROOT / "infra" / name).read_text()))
    exported = {
        output["Export"]["Name"]
        for path in (ROOT / "infra/cloudformation").glob("*.json")
        for output in json.loads(path.read_text()).get("Outputs", {}).values()
        if "Export" in output
    }

    assert imported
    assert imported <= exported


def test_the_closed_service_says_so_where_it_is_seen():
    readme = (ROOT / "infra/apprunner/README.md").read_text()

    assert "CLOSED to new customers since 2026-04-30" in load(APP_RUNNER)["Description"]
    assert "closed to new customers since 2026-04-30" in readme


def test_the_storefront_on_app_runner_gets_the_settings_that_it_reads():
    source = only(load(APP_RUNNER), "AWS::AppRunner::Service")["SourceConfiguration"]["ImageRepository"]
    environment = {
        variable["Name"]: variable["Value"]
        for variable in source["ImageConfiguration"]["RuntimeEnvironmentVariables"]
    }
    read = {variable.name for variable in variables(Settings).values()}

    assert set(environment) == read - {
        "TRACE_URL",
        "ALLOWED_HOSTS",
        "FAULTS_DIR",
        "TRACING",
        "ECS_CONTAINER_METADATA_URI_V4",
    } | {
        "AWS_DEFAULT_REGION",
        "AWS_XRAY_SDK_ENABLED",
    }
    for service in SERVICES:
        if not service.public:
            address = f"http://{service.host}:{service.production_port}"
            assert environment[f"{service.name.upper()}_URL"] == address


def test_app_runner_asks_whether_the_storefront_is_alive_and_reaches_the_others_through_the_network():
    service = only(load(APP_RUNNER), "AWS::AppRunner::Service")

    assert service["HealthCheckConfiguration"]["Path"] == "/healthz"
    assert service["NetworkConfiguration"]["EgressConfiguration"]["EgressType"] == "VPC"
    assert service["SourceConfiguration"]["AutoDeploymentsEnabled"] is False
    assert "InstanceRoleArn" not in service["InstanceConfiguration"]  # the storefront asks no AWS API


def test_express_mode_runs_the_task_of_taskdef_json():
    """But for the name `Main`, which Express Mode asks for, and one log group for both containers."""
    template = json.loads((ROOT / "taskdef.json").read_text())
    definition = only(load(EXPRESS), "AWS::ECS::TaskDefinition")
    expected_app, expected_daemon = template["containerDefinitions"]
    app, daemon = (
        {key[0].lower() + key[1:]: value for key, value in container.items()}
        for container in definition["ContainerDefinitions"]
    )

    assert (app["name"], daemon["name"]) == ("Main", expected_daemon["name"])
    for key in ("user", "readonlyRootFilesystem", "privileged", "essential", "cpu", "memory", "stopTimeout"):
        assert (app[key], daemon[key]) == (expected_app[key], expected_daemon[key]), key
    for container in (app, daemon):
        assert container["linuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert [text(argument) for argument in daemon["command"]] == [
        argument.replace("AWS_REGION", "AWS::Region") for argument in expected_daemon["command"]
    ]
    assert {variable["Name"] for variable in app["environment"]} == {
        variable["name"]
        for variable in expected_app["environment"]
        if not variable["name"].endswith("_TABLE")
    }
    assert daemon["image"]["Fn::Sub"].endswith(f"/lantern/xray-daemon:{XRAY_DAEMON_VERSION}")


def text(value):
    return value["Fn::Sub"] if isinstance(value, dict) else value


def test_express_mode_finds_one_named_tcp_port_and_joins_the_cluster():
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html"""
    template = load(EXPRESS)
    service = only(template, "AWS::ECS::ExpressGatewayService")
    containers = only(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]

    assert containers[0]["PortMappings"] == [
        {"Name": "http", "ContainerPort": 8080, "Protocol": "tcp", "AppProtocol": "http"}
    ]
    assert service["Cluster"] == CLUSTER
    assert service["HealthCheckPath"] == "/healthz"
    assert {"PrimaryContainer", "ExecutionRoleArn", "TaskRoleArn", "Cpu", "Memory"}.isdisjoint(service)


def test_pods_on_eks_may_do_what_tasks_on_ecs_may_each_by_its_own_account():
    template = load(EKS)
    identities = properties(template, "AWS::EKS::PodIdentityAssociation")
    accounts = {service.name for service in SERVICES if service.table} | {"xray-daemon"}
    actions = {action for statement in statements(template) for action in statement["Action"]}
    own = {name: {f"dynamodb:{action}" for action in names} for name, names in TABLE_ACTIONS.items()}

    assert {identity["ServiceAccount"] for identity in identities} == accounts
    assert {identity["Namespace"] for identity in identities} == {"lantern"}
    assert actions == set().union(*own.values()) | set(XRAY_ACTIONS)
    for service in SERVICES:
        if service.table:
            role = copy.deepcopy(template["Resources"][f"{service.name.title()}Role"]["Properties"])
            assert f"lantern-data-{service.table.removeprefix('lantern-').title()}TableArn" in json.dumps(
                role
            )
            assert json.dumps(role).count("ImportValue") == 2  # the table and its indexes, no other
            assert set(re.findall(r"dynamodb:\w+", json.dumps(role))) == own[service.name]


def test_only_the_pods_of_one_service_account_may_take_a_role():
    """https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html"""
    template = load(EKS)
    for identity in properties(template, "AWS::EKS::PodIdentityAssociation"):
        role = template["Resources"][identity["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

        assert trust["Condition"]["StringEquals"] == {
            "aws:RequestTag/eks-cluster-name": {"Ref": "ClusterName"},
            "aws:RequestTag/kubernetes-namespace": "lantern",
            "aws:RequestTag/kubernetes-service-account": identity["ServiceAccount"],
        }


def test_the_service_accounts_with_a_role_are_in_the_manifests():
    shapes = yaml.safe_load((ROOT / "infra/eks/base/kustomization.yaml").read_text())["resources"]

    accounts = {
        identity["ServiceAccount"] for identity in properties(load(EKS), "AWS::EKS::PodIdentityAssociation")
    }

    assert accounts <= set(shapes)
