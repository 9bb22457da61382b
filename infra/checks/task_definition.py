"""Rules for taskdef.json beyond AWS's own model of it, and for appspec.yaml, which must fit it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html
"""

import re
from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import AwsFiles, variables
from infra.render import RenderError, read_app_spec
from infra.shop import CONTAINER, CONTAINER_PORT, HOOK_FUNCTION, XRAY_CONTAINER, XRAY_LOG_GROUP, XRAY_PORT

FILE = "taskdef.json"
LONGEST_STOP_S = 120  # Fargate's own limit
# CPU units: the least and the most memory, MiB, of the sizes that a small service may need
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_MEMORY = {"256": (512, 2048), "512": (1024, 4096), "1024": (2048, 8192)}
HEALTH_PATH = "/healthz"

Container = dict[str, Any]


def problems(files: AwsFiles) -> list[str]:
    """What would keep a task from starting or stopping well, and rights that its containers do not need."""
    if not files.task_definition:
        return []
    containers = files.containers()
    return [
        *_task(files.task_definition, containers),
        *(problem for name, container in containers.items() for problem in _rights(name, container)),
        *_app(containers.get(CONTAINER, {})),
        *_xray_daemon(containers),
        *_stopping(files, containers.get(CONTAINER, {})),
        *_app_spec(files, containers),
    ]


def _task(definition: dict[str, Any], containers: dict[str, Container]) -> Iterator[str]:
    if set(containers) != {CONTAINER, XRAY_CONTAINER}:
        yield f"{FILE}: expected the containers {CONTAINER} and {XRAY_CONTAINER}, found {sorted(containers)}"
    if definition.get("networkMode") != "awsvpc" or definition.get("requiresCompatibilities") != ["FARGATE"]:
        yield f"{FILE}: networkMode must be awsvpc and requiresCompatibilities ['FARGATE']"
    cpu, memory = str(definition.get("cpu")), str(definition.get("memory"))
    low, high = FARGATE_MEMORY.get(cpu, (0, 0))
    if not memory.isdigit() or not low <= int(memory) <= high:
        yield f"{FILE}: Fargate has no task of cpu {cpu} with memory {memory}; with {cpu}: {low} to {high}"
    elif sum(container.get("memory", 0) for container in containers.values()) > int(memory):
        yield f"{FILE}: the containers' memory adds up to more than the task's {memory} MiB"


def _rights(name: str, container: Container) -> Iterator[str]:
    linux = container.get("linuxParameters", {})
    for field, value, expected in (
        ("readonlyRootFilesystem", container.get("readonlyRootFilesystem"), True),
        ("privileged", container.get("privileged", False), False),
        ("linuxParameters.capabilities.drop", linux.get("capabilities", {}).get("drop"), ["ALL"]),
        ("linuxParameters.capabilities.add", linux.get("capabilities", {}).get("add", []), []),
        ("linuxParameters.initProcessEnabled", linux.get("initProcessEnabled"), True),
        ("logConfiguration.logDriver", container.get("logConfiguration", {}).get("logDriver"), "awslogs"),
    ):
        if value != expected:
            yield f"{FILE}: container {name}: {field} is {value!r}, expected {expected!r}"
    user = str(container.get("user", ""))
    if not user or user.split(":")[0] in ("0", "root"):
        user = user or "not set"
        yield f"{FILE}: container {name}: user is {user!r}, expected a number other than root's 0"


def _log_group(container: Container) -> Any:
    return container.get("logConfiguration", {}).get("options", {}).get("awslogs-group")


def _app(app: Container) -> Iterator[str]:
    ports = [mapping.get("containerPort") for mapping in app.get("portMappings", [])]
    if ports != [CONTAINER_PORT]:
        yield f"{FILE}: container {CONTAINER}: portMappings has {ports}, expected [{CONTAINER_PORT}]"
    if HEALTH_PATH not in " ".join(app.get("healthCheck", {}).get("command", [])):
        yield f"{FILE}: container {CONTAINER}: healthCheck must ask {HEALTH_PATH}"
    if not app.get("essential"):
        yield f"{FILE}: container {CONTAINER}: essential must be true"
    address = variables(app).get("AWS_XRAY_DAEMON_ADDRESS")
    if address != f"127.0.0.1:{XRAY_PORT}":
        yield (
            f"{FILE}: container {CONTAINER}: AWS_XRAY_DAEMON_ADDRESS is {address!r}, expected "
            f"'127.0.0.1:{XRAY_PORT}': the sidecar shares the task's network"
        )
    faults = variables(app).get("FAULTS", "off")
    if faults != "off":
        yield f"{FILE}: container {CONTAINER}: FAULTS is {faults!r}, expected 'off': it breaks a service"
    if _log_group(app) != "/lantern/${SERVICE}":
        yield f"{FILE}: container {CONTAINER}: awslogs-group must be /lantern/${{SERVICE}}"


def _xray_daemon(containers: dict[str, Container]) -> Iterator[str]:
    daemon = containers.get(XRAY_CONTAINER, {})
    if daemon.get("image") != "${XRAY_IMAGE}":
        yield f"{FILE}: container {XRAY_CONTAINER}: image must be ${{XRAY_IMAGE}}, which has a digest"
    if _log_group(daemon) != XRAY_LOG_GROUP:
        yield f"{FILE}: container {XRAY_CONTAINER}: awslogs-group must be {XRAY_LOG_GROUP}"
    depends_on = [
        dependency.get("containerName") for dependency in containers.get(CONTAINER, {}).get("dependsOn", [])
    ]
    if depends_on != [XRAY_CONTAINER]:
        yield f"{FILE}: container {CONTAINER}: dependsOn must name {XRAY_CONTAINER}, or it stops first"


def _stopping(files: AwsFiles, app: Container) -> Iterator[str]:
    """Longest request < deregistration delay; graceful_timeout < stopTimeout <= Fargate's limit."""
    gunicorn = (files.root / "services" / "gunicorn.conf.py").read_text()
    graceful = int(re.findall(r"^graceful_timeout = (\d+)", gunicorn, re.M)[0])
    stop = app.get("stopTimeout", 30)
    if not graceful < stop <= LONGEST_STOP_S:
        yield (
            f"{FILE}: container {CONTAINER}: stopTimeout is {stop} s, expected more than gunicorn's "
            f"graceful_timeout of {graceful} s and at most {LONGEST_STOP_S} s"
        )
    deadline_ms = variables(app).get("DEADLINE_MS", "0")
    for group in files.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        attributes = {
            attribute["Key"]: attribute["Value"]
            for attribute in group.properties.get("TargetGroupAttributes", [])
        }
        delay = int(attributes.get("deregistration_delay.timeout_seconds", "300"))
        if not int(deadline_ms) / 1000 < delay <= stop:
            yield (
                f"{group}: deregistration_delay is {delay} s, expected more than the longest request "
                f"(DEADLINE_MS={deadline_ms}) and at most the container's stopTimeout of {stop} s"
            )


def _app_spec(files: AwsFiles, containers: dict[str, Container]) -> Iterator[str]:
    if not files.app_spec:
        return
    try:
        read_app_spec(files.root / "appspec.yaml")
        balancer = files.app_spec["Resources"][0]["TargetService"]["Properties"]["LoadBalancerInfo"]
        hooks = {event: name for hook in files.app_spec.get("Hooks", []) for event, name in hook.items()}
    except RenderError as error:
        yield str(error)
        return
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        yield f"appspec.yaml: Resources[0].TargetService.Properties.LoadBalancerInfo: {error!r} is missing"
        return
    name, port = balancer.get("ContainerName"), balancer.get("ContainerPort")
    if name not in containers:
        yield f"appspec.yaml: ContainerName is {name!r}, {FILE} has {', '.join(containers)}"
    else:
        ports = [mapping.get("containerPort") for mapping in containers[name].get("portMappings", [])]
        if port not in ports:
            yield f"appspec.yaml: ContainerPort is {port!r}, container {name} of {FILE} listens on {ports}"
    hook = hooks.get("AfterAllowTestTraffic")
    if hook != HOOK_FUNCTION:
        yield (
            f"appspec.yaml: the hook AfterAllowTestTraffic is {hook!r}, expected {HOOK_FUNCTION!r}, "
            "the function of the pipeline stack"
        )
