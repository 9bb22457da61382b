"""Rules for each pod of infra/eks that checkov does not know: user, /tmp, images, probes, time to stop."""

from collections.abc import Iterator
from typing import Any

from infra.shop import CONTAINER, CONTAINER_PORT, XRAY_PORT

USER = 10001
PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
GRACEFUL_S = 10  # gunicorn's graceful_timeout: how long requests that have begun may take to end

Pod = dict[str, Any]
Container = dict[str, Any]


def problems(deployment: str, pod: Pod) -> list[str]:
    """What breaks a rule in a pod's template; each line begins with `deployment`."""
    return [*_pod(deployment, pod), *_containers(deployment, pod), *_stopping(deployment, pod)]


def expect(resource: str, field: str, value: Any, expected: Any) -> Iterator[str]:
    """A problem when the field's value is not the expected one."""
    if value != expected:
        yield f"{resource}: {field} is {value!r}, expected {expected!r}"


def _pod(deployment: str, pod: Pod) -> Iterator[str]:
    context = pod.get("securityContext", {})
    yield from expect(deployment, "runAsNonRoot", context.get("runAsNonRoot"), True)
    yield from expect(deployment, "runAsUser", context.get("runAsUser"), USER)
    if pod.get("enableServiceLinks", True):
        yield f"{deployment}: enableServiceLinks is on, expected off"
    volumes = [volume["name"] for volume in pod.get("volumes", []) if "emptyDir" not in volume]
    yield from expect(deployment, "volumes that are no emptyDir", volumes, [])


def _containers(deployment: str, pod: Pod) -> Iterator[str]:
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        name, context = f"{deployment}: container {container['name']}", container.get("securityContext", {})
        yield from expect(name, "runAsUser", context.get("runAsUser", USER), USER)
        yield from expect(name, "runAsNonRoot", context.get("runAsNonRoot", True), True)
        if "/tmp" not in [mount["mountPath"] for mount in container.get("volumeMounts", [])]:  # noqa: S108
            yield f"{name}: /tmp is not mounted and the root file system is read-only"
        if ".dkr.ecr." not in container["image"]:
            yield f"{name}: image is {container['image']!r}, expected one of the account's ECR"
    for container in pod["containers"]:
        yield from _probes(f"{deployment}: container {container['name']}", container)


def _probes(name: str, container: Container) -> Iterator[str]:
    is_app = container["name"] == CONTAINER
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    for probe, path in PROBES.items():
        target = container.get(probe, {}).get("httpGet" if is_app else "tcpSocket", {})
        port = ports.get(target.get("port"), target.get("port"))
        yield from expect(f"{name}: {probe}", "port", port, CONTAINER_PORT if is_app else XRAY_PORT)
        if is_app:
            yield from expect(f"{name}: {probe}", "path", target.get("path"), path)


def _stopping(deployment: str, pod: Pod) -> Iterator[str]:
    """preStop covers the time until nobody sends any more; requests that have begun need time after that."""
    grace = pod.get("terminationGracePeriodSeconds", 30)
    for container in pod["containers"]:
        wait = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if not wait:
            yield f"{deployment}: container {container['name']}: lifecycle.preStop.sleep is missing"
        if grace <= wait + GRACEFUL_S:
            yield (
                f"{deployment}: terminationGracePeriodSeconds is {grace}, "
                f"expected more than {wait + GRACEFUL_S}"
            )
