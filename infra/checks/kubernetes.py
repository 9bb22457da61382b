"""Rules for the manifests of infra/eks as kustomize builds them."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from infra.checks import checkov, kubectl, kubernetes_pods, network_policies
from infra.checks.kubernetes_pods import expect
from infra.checks.network_policies import HTTP, NAME, TRACING, Manifest, labels_of
from infra.shop import CONTAINER, CONTAINER_PORT, PROJECT, SERVICES, XRAY_CONTAINER, XRAY_PORT, Service

VERSIONS = ("1.33", "1.35", "1.37")  # of Kubernetes; EKS runs the newer ones
OVERLAYS = ("dev", "prod")


def step(root: Path) -> list[str]:
    """Every problem of infra/eks, for `make verify-infra`. Raises NoKubectl where there is none."""
    overlays, messages = {}, []
    for overlay in OVERLAYS:
        try:
            overlays[overlay] = build(root / "infra" / "eks" / "overlays" / overlay)
        except ValueError as error:
            messages.append(f"infra/eks/overlays/{overlay}: {error}")
    messages += [
        f"infra/eks/overlays/{overlay}: {problem}"
        for overlay, manifests in overlays.items()
        for problem in [*schema_problems(manifests), *problems(manifests)]
    ]
    return [*messages, *checkov.manifest_problems(overlays)]


def build(folder: Path) -> list[Manifest]:
    """The manifests that `kubectl apply -k` would send. Raises ValueError with kustomize's own words."""
    command = [kubectl.find(), "kustomize", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ValueError(f"kustomize: {' '.join(run.stderr.split())[:500]}")
    return [manifest for manifest in yaml.safe_load_all(run.stdout) if manifest]


def schema_problems(manifests: list[Manifest]) -> list[str]:
    """Fields that one of `VERSIONS` does not know, or of another type."""
    messages = []
    for version in VERSIONS:
        for manifest in manifests:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                path = ".".join(str(part) for part in error.path)
                messages.append(f"{_name(manifest)}: Kubernetes {version}: {path}: {error.message[:200]}")
            except kubernetes_validate.SchemaNotFoundError:
                messages.append(f"{_name(manifest)}: Kubernetes {version} has no such kind and apiVersion")
    return messages


def problems(manifests: list[Manifest]) -> list[str]:
    """Manifests that break a rule, each with kind, name, field, its value and the expected one."""
    kinds = _Kinds(manifests)
    rules = (_namespace, _names, _references, _weighted_ingress, _replicas, _pods, _network_policies)
    return [problem for rule in rules for problem in rule(kinds)]


class _Kinds(dict[str, list[Manifest]]):
    """Manifests by kind; a kind without manifests is an empty list."""

    def __init__(self, manifests: list[Manifest]) -> None:
        super().__init__()
        for manifest in manifests:
            self.setdefault(manifest["kind"], []).append(manifest)

    def __missing__(self, kind: str) -> list[Manifest]:
        return []

    def names(self, kind: str) -> set[str]:
        return {manifest["metadata"]["name"] for manifest in self[kind]}


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def _pod(deployment: Manifest) -> dict[str, Any]:
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return pod


def _namespace(kinds: _Kinds) -> Iterator[str]:
    """Pod Security Standards: https://docs.aws.amazon.com/eks/latest/best-practices/pod-security.html"""
    yield from expect("manifests", "names of the namespaces", kinds.names("Namespace"), {PROJECT})
    for namespace in kinds["Namespace"]:
        enforce = namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
        yield from expect(_name(namespace), "pod-security.kubernetes.io/enforce", enforce, "restricted")
    for kind, manifests in kinds.items():
        for manifest in manifests if kind != "Namespace" else []:
            namespace = manifest["metadata"].get("namespace")
            yield from expect(_name(manifest), "metadata.namespace", namespace, PROJECT)


def _names(kinds: _Kinds) -> Iterator[str]:
    """The names, containers and ports of infra/shop.py."""
    names = {service.name for service in SERVICES} | {XRAY_CONTAINER}
    for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"):
        for name in sorted(names - kinds.names(kind)):
            yield f"{kind} {name}: is missing"
    for service in kinds["Service"]:
        expected = set(TRACING) if service["metadata"]["name"] == XRAY_CONTAINER else {HTTP}
        yield from expect(_name(service), "spec.ports", _ports(service["spec"]["ports"], "port"), expected)
        service_type = service["spec"].get("type", "ClusterIP")
        yield from expect(_name(service), "spec.type", service_type, "ClusterIP")
    for deployment in kinds["Deployment"]:
        label = labels_of(deployment).get(NAME)
        if label not in names:
            yield f"{_name(deployment)}: label {NAME} is {label!r}, expected one of {sorted(names)}"
            continue
        containers = [
            (container["name"], _ports(container.get("ports", []), "containerPort"))
            for container in _pod(deployment)["containers"]
        ]
        is_daemon = label == XRAY_CONTAINER
        expected_containers = [(XRAY_CONTAINER, set(TRACING)) if is_daemon else (CONTAINER, {HTTP})]
        yield from expect(_name(deployment), "containers and their ports", containers, expected_containers)


def _ports(ports: list[dict[str, Any]], number: str) -> set[tuple[str, int]]:
    return {(port.get("protocol", "TCP"), port[number]) for port in ports}


def _references(kinds: _Kinds) -> Iterator[str]:
    """Named service accounts and ConfigMaps exist; each selector takes exactly one Deployment's pods."""
    for deployment in kinds["Deployment"]:
        name, pod = deployment["metadata"]["name"], _pod(deployment)
        yield from expect(_name(deployment), "serviceAccountName", pod.get("serviceAccountName"), name)
        config_maps = {
            source["configMapRef"]["name"]
            for container in pod["containers"]
            for source in container.get("envFrom", [])
        }
        for config_map in sorted(config_maps - kinds.names("ConfigMap")):
            yield f"{_name(deployment)}: envFrom names ConfigMap {config_map}, which is not there"
        spreads = [constraint["labelSelector"] for constraint in pod.get("topologySpreadConstraints", [])]
        if not spreads:
            yield f"{_name(deployment)}: has no topologySpreadConstraints"
        for selector in [deployment["spec"]["selector"], *spreads]:
            yield from _selects_only(deployment, selector, kinds)
    for service in kinds["Service"]:
        yield from _selects_only(service, {"matchLabels": service["spec"]["selector"]}, kinds)
    for budget in kinds["PodDisruptionBudget"]:
        yield from _selects_only(budget, budget["spec"]["selector"], kinds)


def _selects_only(manifest: Manifest, selector: dict[str, Any], kinds: _Kinds) -> Iterator[str]:
    """A selector must take the pods of the Deployment with the manifest's own name, and of no other."""
    selected = [
        deployment["metadata"]["name"]
        for deployment in kinds["Deployment"]
        if network_policies.selects(selector, labels_of(deployment))
    ]
    name = manifest["metadata"]["name"]
    return expect(_name(manifest), "Deployments that the selector takes", selected, [name])


def environment(deployment: Manifest, config_maps: list[Manifest]) -> dict[str, str]:
    """The variables of the first container; those of `env` win over those of a ConfigMap."""
    contents = {config_map["metadata"]["name"]: config_map["data"] for config_map in config_maps}
    container = _pod(deployment)["containers"][0]
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        variables |= contents.get(source["configMapRef"]["name"], {})
    return variables | {variable["name"]: variable.get("value", "") for variable in container.get("env", [])}


def _pods(kinds: _Kinds) -> Iterator[str]:
    for deployment in kinds["Deployment"]:
        yield from kubernetes_pods.problems(_name(deployment), _pod(deployment))
        yield from _environment(deployment, kinds)


def _environment(deployment: Manifest, kinds: _Kinds) -> Iterator[str]:
    variables, label = environment(deployment, kinds["ConfigMap"]), labels_of(deployment).get(NAME)
    expected = {
        "PORT": str(CONTAINER_PORT),
        "AWS_XRAY_DAEMON_ADDRESS": f"{XRAY_CONTAINER}:{XRAY_PORT}",
        "AWS_XRAY_NOOP_ID": "false",
        "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
        "AWS_DEFAULT_REGION": variables.get("AWS_REGION", "set"),
    }
    for service in SERVICES:
        if service.name == label:
            expected |= _variables_of(service)
    for name, value in expected.items():
        yield from expect(_name(deployment), name, variables.get(name), value)


def _variables_of(service: Service) -> dict[str, str]:
    """The addresses and the table that a service's container must be given."""
    variables = {f"{name.upper()}_URL": f"http://{name}:{CONTAINER_PORT}" for name in service.calls}
    if service.table:
        variables[f"{service.table.removeprefix(f'{PROJECT}-').upper()}_TABLE"] = service.table
    return variables


def _weighted_ingress(kinds: _Kinds) -> Iterator[str]:
    """Each Ingress forwards by an annotation with weights, for the canary."""
    for ingress in kinds["Ingress"]:
        annotations = ingress["metadata"].get("annotations", {})
        yield from expect(_name(ingress), "ingressClassName", ingress["spec"].get("ingressClassName"), "alb")
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                action = f"alb.ingress.kubernetes.io/actions.{backend['name']}"
                port, expected = f"port of {backend['name']}", {"name": "use-annotation"}
                yield from expect(_name(ingress), port, backend["port"], expected)
                if action in annotations:
                    yield from _weights(f"{_name(ingress)}: {action}", annotations[action], kinds)
                else:
                    yield f"{_name(ingress)}: has no annotation {action}, which its backend names"


def _weights(annotation: str, action: str, kinds: _Kinds) -> Iterator[str]:
    """The weights are percents, and their sum is 100; the Services that they name exist."""
    try:
        groups = json.loads(action)["forwardConfig"]["targetGroups"]
        weights = Counter({group["serviceName"]: group["weight"] for group in groups})
        ports = {int(group["servicePort"]) for group in groups}
    except (ValueError, KeyError, TypeError) as error:
        yield f"{annotation}: is not a weighted forward action: {error!r}"
        return
    yield from expect(annotation, "sum of the weights", weights.total(), 100)
    yield from expect(annotation, "servicePort", ports, {CONTAINER_PORT})
    yield from expect(annotation, "serviceName", set(weights), {"storefront", "storefront-canary"})
    for name in sorted(set(weights) - kinds.names("Service")):
        yield f"{annotation}: Service {name} is not there"


def _replicas(kinds: _Kinds) -> Iterator[str]:
    """A Deployment has either replicas or an autoscaler; draining a node takes one of its pods at a time."""
    scaled = {
        autoscaler["spec"]["scaleTargetRef"]["name"]: autoscaler
        for autoscaler in kinds["HorizontalPodAutoscaler"]
    }
    for name, autoscaler in scaled.items():
        if name not in kinds.names("Deployment"):
            yield f"{_name(autoscaler)}: there is no Deployment {name}"
    for deployment in kinds["Deployment"]:
        name, replicas = deployment["metadata"]["name"], deployment["spec"].get("replicas")
        if name in scaled and replicas is not None:
            yield f"{_name(deployment)}: replicas is {replicas}, expected none: an autoscaler counts"
        if name not in scaled and replicas is None:
            yield f"{_name(deployment)}: has neither replicas nor an autoscaler"
    for budget in kinds["PodDisruptionBudget"]:
        yield from expect(_name(budget), "maxUnavailable", budget["spec"].get("maxUnavailable"), 1)


def _network_policies(kinds: _Kinds) -> list[str]:
    return network_policies.problems(
        kinds["Deployment"], kinds["NetworkPolicy"], has_customers=bool(kinds["Ingress"])
    )
