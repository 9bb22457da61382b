"""What must hold for each pod of infra/eks: few rights, probes that tell, time to say goodbye."""

from typing import Any

from infra.shop import CONTAINER, CONTAINER_PORT, XRAY_PORT

USER = 10001
PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
GRACEFUL_S = 10  # gunicorn's graceful_timeout: what it takes to end what has begun


def problems(where: str, pod: dict[str, Any], *, has_customers: bool) -> list[str]:
    """Rules over one pod's template; `where` names the Deployment."""
    found = _pod(where, pod)
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        at = f"{where}: container {container['name']}"
        found += [*_container(at, container), *_image(at, container["image"], has_customers)]
    return [*found, *_probes(where, pod), *_goodbye(where, pod)]


def expect(where: str, field: str, found: Any, expected: Any) -> list[str]:
    """A problem when they differ."""
    return [] if found == expected else [f"{where}: {field} is {found!r}, expected {expected!r}"]


def _pod(where: str, pod: dict[str, Any]) -> list[str]:
    context = pod.get("securityContext", {})
    seccomp = context.get("seccompProfile", {}).get("type")
    found = [
        f"{where}: {field} is on, expected off"
        for field in ("hostNetwork", "hostPID", "hostIPC", "enableServiceLinks")
        if pod.get(field, field == "enableServiceLinks")
    ]
    found += expect(where, "runAsNonRoot", context.get("runAsNonRoot"), True)
    found += expect(where, "runAsUser", context.get("runAsUser"), USER)
    found += expect(where, "seccompProfile.type", seccomp, "RuntimeDefault")
    found += expect(where, "automountServiceAccountToken", pod.get("automountServiceAccountToken"), False)
    scratch = {volume["name"] for volume in pod.get("volumes", []) if "emptyDir" in volume}
    foreign = sorted({volume["name"] for volume in pod.get("volumes", [])} - scratch)
    return [*found, *expect(where, "volumes that are no emptyDir", foreign, [])]


def _container(at: str, container: dict[str, Any]) -> list[str]:
    context, resources = container.get("securityContext", {}), container.get("resources", {})
    dropped = context.get("capabilities", {})
    found = expect(at, "readOnlyRootFilesystem", context.get("readOnlyRootFilesystem"), True)
    found += expect(at, "allowPrivilegeEscalation", context.get("allowPrivilegeEscalation"), False)
    found += expect(at, "privileged", context.get("privileged", False), False)
    found += expect(at, "runAsUser", context.get("runAsUser", USER), USER)
    found += expect(at, "runAsNonRoot", context.get("runAsNonRoot", True), True)
    found += expect(at, "capabilities", dropped, {"drop": ["ALL"]})
    found += [
        f"{at}: has no resources.{kind}.{what}"
        for kind in ("requests", "limits")
        for what in ("cpu", "memory")
        if what not in resources.get(kind, {})
    ]
    paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    found += [] if "/tmp" in paths else [f"{at}: /tmp is not mounted and the root file system is read-only"]  # noqa: S108
    found += [f"{at}: hostPort is set" for port in container.get("ports", []) if "hostPort" in port]
    return found


def _image(at: str, image: str, has_customers: bool) -> list[str]:
    """By tag where one tries things; where an Ingress lets customers in, only what was tested: by digest."""
    tag = image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
    if has_customers and "@sha256:" not in image:
        return [f"{at}: image is {image!r}, expected a digest (@sha256:...)"]
    if "@sha256:" not in image and tag in ("", "latest"):
        return [f"{at}: image is {image!r}, expected a tag that stays what it is, or a digest"]
    return [] if ".dkr.ecr." in image else [f"{at}: image is {image!r}, expected one of the account's ECR"]


def _probes(where: str, pod: dict[str, Any]) -> list[str]:
    found = []
    for container in pod["containers"]:
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        for probe, path in PROBES.items():
            at = f"{where}: container {container['name']}: {probe}"
            shop = container["name"] == CONTAINER
            asked = container.get(probe, {}).get("httpGet" if shop else "tcpSocket", {})
            number = ports.get(asked.get("port"), asked.get("port"))
            found += expect(at, "port", number, CONTAINER_PORT if shop else XRAY_PORT)
            found += expect(at, "path", asked.get("path"), path) if shop else []
    return found


def _goodbye(where: str, pod: dict[str, Any]) -> list[str]:
    """preStop covers the time until nobody sends any more; what has begun needs its time after that."""
    found = []
    for container in pod["containers"]:
        wait = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        needed, given = wait + GRACEFUL_S, pod.get("terminationGracePeriodSeconds", 30)
        if not wait:
            found.append(f"{where}: container {container['name']}: lifecycle.preStop.sleep is missing")
        if given <= needed:
            found.append(f"{where}: terminationGracePeriodSeconds is {given}, expected more than {needed}")
    return found
