"""Rules about taskdef.json beyond its shape, and about appspec.yaml, which must fit it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html
"""

import re
from typing import Any

from infra.checks.aws_files import Tree
from infra.render import RenderError, read_app_spec
from infra.shop import CONTAINER, CONTAINER_PORT, HOOK_FUNCTION, XRAY_CONTAINER, XRAY_LOG_GROUP, XRAY_PORT

FILE = "taskdef.json"
LONGEST_STOP_S = 120  # Fargate's own limit
# cpu units to the smallest and largest memory, MiB
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_MEMORY = {"256": (512, 2048), "512": (1024, 4096), "1024": (2048, 8192)}
HEALTH_PATH = "/healthz"


def problems(tree: Tree) -> list[str]:
    """What would start wrongly, stop wrongly or start with too many rights."""
    definition = tree.task_definition
    if not definition:
        return []
    containers = {entry.get("name"): entry for entry in definition.get("containerDefinitions", [])}
    return [
        *_task(definition, containers),
        *(problem for name, entry in containers.items() for problem in _least(name, entry)),
        *_app(containers.get(CONTAINER, {})),
        *_sidecar(containers),
        *_stopping(tree, containers),
        *_app_spec(tree, containers),
    ]


def _task(definition: dict[str, Any], containers: dict[Any, Any]) -> list[str]:
    found = []
    if set(containers) != {CONTAINER, XRAY_CONTAINER}:
        found.append(
            f"{FILE}: expected the containers {CONTAINER} and {XRAY_CONTAINER}, found {sorted(containers)}"
        )
    if definition.get("networkMode") != "awsvpc" or definition.get("requiresCompatibilities") != ["FARGATE"]:
        found.append(f"{FILE}: networkMode must be awsvpc and requiresCompatibilities ['FARGATE']")
    cpu, memory = str(definition.get("cpu")), str(definition.get("memory"))
    low, high = FARGATE_MEMORY.get(cpu, (0, 0))
    if not memory.isdigit() or not low <= int(memory) <= high:
        found.append(
            f"{FILE}: Fargate has no task of cpu {cpu} with memory {memory}; with {cpu}: {low} to {high}"
        )
    elif sum(entry.get("memory", 0) for entry in containers.values()) > int(memory):
        found.append(f"{FILE}: the containers' memory adds up to more than the task's {memory} MiB")
    return found


def _least(name: str, container: dict[str, Any]) -> list[str]:
    """No container has more than it needs."""
    linux = container.get("linuxParameters", {})
    expected = [
        ("readonlyRootFilesystem", container.get("readonlyRootFilesystem"), True),
        ("privileged", container.get("privileged", False), False),
        ("linuxParameters.capabilities.drop", linux.get("capabilities", {}).get("drop"), ["ALL"]),
        ("linuxParameters.capabilities.add", linux.get("capabilities", {}).get("add", []), []),
        ("linuxParameters.initProcessEnabled", linux.get("initProcessEnabled"), True),
    ]
    found = [
        f"{FILE}: container {name}: {key} is {value!r}, expected {wanted!r}"
        for key, value, wanted in expected
        if value != wanted
    ]
    user = str(container.get("user", ""))
    if not user or user.split(":")[0] in ("0", "root"):
        found.append(
            f"{FILE}: container {name}: user is {user or 'not set'!r}, expected a number other than root's 0"
        )
    if container.get("logConfiguration", {}).get("logDriver") != "awslogs":
        found.append(f"{FILE}: container {name}: logConfiguration.logDriver must be awslogs")
    return found


def _app(app: dict[str, Any]) -> list[str]:
    found = []
    ports = [mapping.get("containerPort") for mapping in app.get("portMappings", [])]
    if ports != [CONTAINER_PORT]:
        found.append(f"{FILE}: container {CONTAINER}: portMappings has {ports}, expected [{CONTAINER_PORT}]")
    if HEALTH_PATH not in " ".join(app.get("healthCheck", {}).get("command", [])):
        found.append(f"{FILE}: container {CONTAINER}: healthCheck must ask {HEALTH_PATH}")
    if not app.get("essential"):
        found.append(f"{FILE}: container {CONTAINER}: essential must be true")
    environment = {entry["name"]: entry["value"] for entry in app.get("environment", [])}
    address = environment.get("AWS_XRAY_DAEMON_ADDRESS")
    if address != f"127.0.0.1:{XRAY_PORT}":
        found.append(
            f"{FILE}: container {CONTAINER}: AWS_XRAY_DAEMON_ADDRESS is {address!r}, expected "
            f"'127.0.0.1:{XRAY_PORT}': the sidecar shares the task's network"
        )
    if app.get("logConfiguration", {}).get("options", {}).get("awslogs-group") != "/lantern/${SERVICE}":
        found.append(f"{FILE}: container {CONTAINER}: awslogs-group must be /lantern/${{SERVICE}}")
    return found


def _sidecar(containers: dict[Any, Any]) -> list[str]:
    sidecar = containers.get(XRAY_CONTAINER, {})
    found = []
    if sidecar.get("image") != "${XRAY_IMAGE}":
        found.append(f"{FILE}: container {XRAY_CONTAINER}: image must be ${{XRAY_IMAGE}}, which has a digest")
    if sidecar.get("logConfiguration", {}).get("options", {}).get("awslogs-group") != XRAY_LOG_GROUP:
        found.append(f"{FILE}: container {XRAY_CONTAINER}: awslogs-group must be {XRAY_LOG_GROUP}")
    depends = [entry.get("containerName") for entry in containers.get(CONTAINER, {}).get("dependsOn", [])]
    if depends != [XRAY_CONTAINER]:
        found.append(
            f"{FILE}: container {CONTAINER}: dependsOn must name {XRAY_CONTAINER}, or it stops first"
        )
    return found


def _stopping(tree: Tree, containers: dict[Any, Any]) -> list[str]:
    """Longest request < deregistration delay; gunicorn's graceful time < stopTimeout <= Fargate's limit."""
    gunicorn = (tree.root / "services" / "gunicorn.conf.py").read_text()
    graceful = int(re.findall(r"^graceful_timeout = (\d+)", gunicorn, re.M)[0])
    app = containers.get(CONTAINER, {})
    stop = app.get("stopTimeout", 30)
    found = []
    if not graceful < stop <= LONGEST_STOP_S:
        found.append(
            f"{FILE}: container {CONTAINER}: stopTimeout is {stop} s, expected more than gunicorn's "
            f"graceful_timeout of {graceful} s and at most {LONGEST_STOP_S} s"
        )
    deadline = {entry["name"]: entry["value"] for entry in app.get("environment", [])}.get("DEADLINE_MS", "0")
    for group in tree.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        attributes = {one["Key"]: one["Value"] for one in group.properties.get("TargetGroupAttributes", [])}
        delay = int(attributes.get("deregistration_delay.timeout_seconds", "300"))
        if not int(deadline) / 1000 < delay <= stop:
            found.append(
                f"{group}: deregistration_delay is {delay} s, expected more than the longest request "
                f"(DEADLINE_MS={deadline}) and at most the container's stopTimeout of {stop} s"
            )
    return found


def _app_spec(tree: Tree, containers: dict[Any, Any]) -> list[str]:
    if not tree.app_spec:
        return []
    try:
        read_app_spec(tree.root / "appspec.yaml")
        properties = tree.app_spec["Resources"][0]["TargetService"]["Properties"]
        balancer = properties["LoadBalancerInfo"]
        hooks = {name: function for hook in tree.app_spec.get("Hooks", []) for name, function in hook.items()}
    except RenderError as error:
        return [str(error)]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        return [f"appspec.yaml: Resources[0].TargetService.Properties.LoadBalancerInfo: {error!r} is missing"]
    found = []
    name, port = balancer.get("ContainerName"), balancer.get("ContainerPort")
    if name not in containers:
        found.append(f"appspec.yaml: ContainerName is {name!r}, {FILE} has {', '.join(map(str, containers))}")
    ports = [one.get("containerPort") for one in containers.get(name, {}).get("portMappings", [])]
    if name in containers and port not in ports:
        found.append(
            f"appspec.yaml: ContainerPort is {port!r}, container {name} of {FILE} listens on {ports}"
        )
    if hooks.get("AfterAllowTestTraffic") != HOOK_FUNCTION:
        found.append(
            f"appspec.yaml: the hook AfterAllowTestTraffic is {hooks.get('AfterAllowTestTraffic')!r}, "
            f"expected {HOOK_FUNCTION!r}, the function of the pipeline stack"
        )
    return found
