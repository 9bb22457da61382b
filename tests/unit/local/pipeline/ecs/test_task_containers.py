import pytest

from local.pipeline.architecture import read
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.task_containers import (
    SERVICE_LABEL,
    SHARES,
    Task,
    camel_case,
    local_image,
    pause_container,
    task_containers,
)
from local.pipeline.settings import Settings
from settings import load
from tests.unit.local.pipeline.deploy_artifact import DAEMON, IMAGE, SETTINGS, definition

TASK = Task(id="task-7", task_set="ecs-svc/7", service="orders")
MIB = 1024 * 1024


def bodies(task_definition=None):
    return dict(task_containers(task_definition or definition(), TASK, SETTINGS, "pause-1", "laptop"))


def changed(**changes):
    """The repository's own definition, its first container changed."""
    task_definition = definition()
    task_definition["containerDefinitions"][0] |= changes
    return task_definition


def test_the_containers_of_a_task_share_one_network_that_no_container_of_the_definition_owns():
    pause = pause_container(TASK, SETTINGS)

    assert pause["HostConfig"]["NetworkMode"] == "lantern_default"
    assert {body["HostConfig"]["NetworkMode"] for body in bodies().values()} == {"container:pause-1"}


def test_every_container_runs_as_its_user_without_rights_on_a_root_that_is_read_only():
    for body in [*bodies().values(), pause_container(TASK, SETTINGS)]:
        host = body["HostConfig"]

        assert body["User"] == "10001:10001"
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["Init"] is True
        assert not host.get("Privileged")


def test_a_task_can_ask_for_its_id_and_bears_faults_only_where_the_rehearsal_has_them_on():
    with_faults = dict(
        task_containers(definition(), TASK, load(Settings, {"FAULTS": "on"}), "pause-1", "laptop")
    )

    assert "ECS_CONTAINER_METADATA_URI_V4=http://load-balancer:4567/v4/task-7" in bodies()["app"]["Env"]
    assert "FAULTS=off" in bodies()["app"]["Env"]
    assert "FAULTS=on" in with_faults["app"]["Env"]


def test_processor_and_memory_are_limited_as_on_fargate():
    app = bodies()["app"]["HostConfig"]

    assert app["CpuQuota"] / app["CpuPeriod"] == 0.25
    assert app["Memory"] == 384 * MIB
    assert app["CpuShares"] == 224 * SHARES


def test_a_container_without_a_memory_limit_has_the_tasks():
    task_definition = changed(memoryReservation=128)
    del task_definition["containerDefinitions"][0]["memory"]

    host = bodies(task_definition)["app"]["HostConfig"]

    assert host["Memory"] == 512 * MIB
    assert host["MemoryReservation"] == 128 * MIB


@pytest.mark.parametrize(
    ("cpu", "memory"), [("256", "512"), (".25 vCPU", "0.5 GB"), ("0.25vcpu", "512"), (" 1 vCPU", "2GB")]
)
def test_a_size_may_be_in_units_or_in_vcpu_and_gb(cpu, memory):
    host = bodies(definition() | {"cpu": cpu, "memory": memory})["app"]["HostConfig"]

    assert host["CpuQuota"] in (25_000, 100_000)


def test_the_health_check_is_the_definitions_own_in_real_time():
    check = bodies()["app"]["Healthcheck"]

    assert check["Test"][:3] == ["CMD", "python3", "-c"]
    assert (check["Interval"], check["Timeout"]) == (10 * 10**9, 3 * 10**9)
    assert (check["Retries"], check["StartPeriod"]) == (3, 30 * 10**9)


def test_stop_timeout_command_and_restarts_are_the_definitions_own():
    app, daemon = bodies()["app"], bodies()["xray-daemon"]

    assert (app["StopTimeout"], daemon["StopTimeout"]) == (20, 10)
    assert daemon["Cmd"][0] == "--bind=127.0.0.1:2000"
    assert app["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert daemon["HostConfig"]["RestartPolicy"]["Name"] == "always"


def test_log_lines_go_to_the_group_that_the_definition_names():
    app, daemon = bodies()["app"], bodies()["xray-daemon"]

    assert app["HostConfig"]["LogConfig"]["Type"] == "fluentd"
    assert app["HostConfig"]["LogConfig"]["Config"]["fluentd-address"] == "127.0.0.1:24224"
    assert app["Labels"][SERVICE_LABEL] == "orders"
    assert daemon["Labels"][SERVICE_LABEL] == "xray-daemon"


def test_a_container_without_a_log_configuration_has_no_log():
    task_definition = changed()
    del task_definition["containerDefinitions"][0]["logConfiguration"]

    app = bodies(task_definition)["app"]

    assert app["HostConfig"]["LogConfig"] == {"Type": "none"}
    assert SERVICE_LABEL not in app["Labels"]


def test_the_platforms_variables_win_over_the_definitions():
    environment = bodies()["app"]["Env"]

    assert "AWS_ENDPOINT_URL=http://aws:4566" in environment
    assert "SERVICE_VERSION=0123456" in environment
    assert [entry for entry in environment if entry.startswith("TRACE_URL=")] == [
        "TRACE_URL=http://127.0.0.1:8000/traces/{trace_id}"
    ]


def test_an_image_of_ecrs_is_taken_from_the_local_registry():
    containers = bodies()

    assert containers["app"]["Image"] == IMAGE.replace(
        "111122223333.dkr.ecr.us-east-1.amazonaws.com", "127.0.0.1:4566"
    )
    assert containers["xray-daemon"]["Image"].endswith(DAEMON.partition("/")[2])
    assert (
        local_image("public.ecr.aws/docker/library/python:3.13", "x")
        == "public.ecr.aws/docker/library/python:3.13"
    )
    assert local_image("python:3.13", "x") == "python:3.13"


def test_labels_of_the_definition_never_replace_those_that_identify_the_task():
    labels = bodies(changed(dockerLabels={"team": "brass", "lantern.rehearsal.task": "other"}))["app"][
        "Labels"
    ]

    assert labels["team"] == "brass"
    assert labels["lantern.rehearsal"] == "lantern"
    assert labels["lantern.rehearsal.task"] == "task-7"
    assert labels["lantern.rehearsal.essential"] == "true"
    assert bodies()["xray-daemon"]["Labels"]["lantern.rehearsal.essential"] == "false"


def test_a_container_comes_after_those_it_depends_on():
    assert list(bodies()) == ["xray-daemon", "app"]


def test_containers_that_depend_on_each_other_are_refused():
    task_definition = definition()
    task_definition["containerDefinitions"][1]["dependsOn"] = [{"containerName": "app", "condition": "START"}]

    with pytest.raises(TaskError, match="dependsOn goes in a circle: app, xray-daemon"):
        bodies(task_definition)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("volumes", [{"name": "scratch"}]),
        ("placementConstraints", [{"type": "memberOf"}]),
        ("ephemeralStorage", {"sizeInGiB": 30}),
        ("proxyConfiguration", {"containerName": "envoy"}),
        ("pidMode", "task"),
        ("enableFaultInjection", True),
    ],
)
def test_a_member_of_the_task_that_would_have_no_effect_is_refused_by_name(key, value):
    with pytest.raises(TaskError, match=f"lantern-orders: {key} can't be rehearsed here"):
        bodies(definition() | {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secrets", [{"name": "TOKEN", "valueFrom": "/lantern/token"}]),
        ("mountPoints", [{"sourceVolume": "scratch", "containerPath": "/tmp"}]),
        ("environmentFiles", [{"value": "arn", "type": "s3"}]),
        ("volumesFrom", [{"sourceContainer": "xray-daemon"}]),
        ("ulimits", [{"name": "nofile", "softLimit": 1, "hardLimit": 1}]),
        ("firelensConfiguration", {"type": "fluentbit"}),
        ("resourceRequirements", [{"type": "GPU", "value": "1"}]),
    ],
)
def test_a_member_of_a_container_that_would_have_no_effect_is_refused_by_name(key, value):
    with pytest.raises(TaskError, match=f"lantern-orders, container app: {key} can't be rehearsed here"):
        bodies(changed(**{key: value}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"linuxParameters": {"tmpfs": [{"containerPath": "/tmp", "size": 1}]}}, "tmpfs can't be rehearsed"),
        ({"linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}}}, "add can't be rehearsed"),
        ({"privileged": True}, "Fargate runs no privileged containers"),
        ({"dependsOn": [{"containerName": "envoy", "condition": "START"}]}, "names envoy, which is not in"),
        (
            {"dependsOn": [{"containerName": "xray-daemon", "condition": "HEALTHY"}]},
            "dependsOn HEALTHY can't be rehearsed here, START can",
        ),
        ({"portMappings": [{"containerPort": 8080, "hostPort": 80}]}, "the host ports and container ports"),
        ({"logConfiguration": {"logDriver": "splunk"}}, "logDriver splunk can't be rehearsed here"),
        (
            {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/lantern/orders"}}},
            "Log driver awslogs requires options: awslogs-region, awslogs-stream-prefix",
        ),
        (
            {
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "orders",
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "ecs",
                    },
                }
            },
            "awslogs-group 'orders' does not begin with /lantern/",
        ),
        (
            {
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "secretOptions": [{"name": "a", "valueFrom": "b"}],
                }
            },
            "secretOptions can't be rehearsed",
        ),
        ({"name": ""}, "Container.name should not be null or empty."),
        ({"image": None}, "Container.image should not be null or empty."),
        ({"name": "xray-daemon"}, "two containers have the name xray-daemon"),
        ({"essential": False}, "at least one container must be essential"),
    ],
)
def test_a_container_that_fargate_or_this_stand_in_refuses_is_named(changes, message):
    with pytest.raises(TaskError) as error:
        bodies(changed(**changes))

    assert message in str(error.value)
    assert "lantern-orders" in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networkMode": "host"}, "networkMode is 'host', Fargate takes awsvpc only"),
        ({"networkMode": None}, "networkMode is None"),
        ({"containerDefinitions": []}, "Container list cannot be empty."),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
        ({"memory": ""}, "Fargate requires that 'memory' be defined at the task level."),
        ({"cpu": "100"}, "No Fargate configuration exists for given values: 100 CPU, 512 memory."),
        ({"memory": "4096"}, "No Fargate configuration exists for given values: 256 CPU, 4096 memory."),
        ({"cpu": "much"}, "No Fargate configuration exists for given values: much CPU"),
    ],
)
def test_a_task_that_fargate_refuses_is_named(changes, message):
    with pytest.raises(TaskError) as error:
        bodies(definition() | changes)

    assert str(error.value).startswith("lantern-orders: ")
    assert message in str(error.value)


def test_members_that_registration_adds_to_a_definition_are_accepted():
    described = definition() | {
        "taskDefinitionArn": "arn",
        "revision": 7,
        "status": "ACTIVE",
        "compatibilities": ["FARGATE"],
        "volumes": [],
        "placementConstraints": [],
        "enableFaultInjection": False,
    }
    described["containerDefinitions"][0] |= {"mountPoints": [], "volumesFrom": [], "systemControls": []}

    assert list(bodies(described)) == ["xray-daemon", "app"]


@pytest.mark.parametrize("service", ["catalog", "orders", "storefront"])
def test_the_templates_first_task_definition_runs_too(service):
    first = read({"ImageTag": "first"}).groups[service].first_task_definition

    containers = bodies(camel_case(first))

    assert list(containers) == ["xray-daemon", "app"]
    assert containers["app"]["Image"] == f"127.0.0.1:4566/lantern/{service}:first"
