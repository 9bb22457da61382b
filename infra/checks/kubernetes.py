"""What must hold for the manifests of infra/eks once kustomize has put them together."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from infra.checks import kubectl, kubernetes_pods, network_policies
from infra.checks.kubernetes_pods import expect
from infra.checks.network_policies import HTTP, NAME, TRACING, Manifest, labels_of
from infra.shop import CONTAINER, CONTAINER_PORT, PROJECT, SERVICES, XRAY_CONTAINER, XRAY_PORT, Service

VERSIONS = ("1.33", "1.35", "1.37")  # of Kubernetes; EKS runs the newer ones
OVERLAYS = ("dev", "prod")


def step(root: Path) -> list[str]:
    """Everything about infra/eks, for `make verify-infra`; raises NoKubectl where there is none."""
    found = []
    for overlay in OVERLAYS:
        try:
            manifests = build(root / "infra" / "eks" / "overlays" / overlay)
        except ValueError as error:
            found.append(f"infra/eks/overlays/{overlay}: {error}")
            continue
        found += [
            f"infra/eks/overlays/{overlay}: {problem}"
            for problem in [*schema_problems(manifests), *problems(manifests)]
        ]
    return found


def build(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send; ValueError with kustomize's own words."""
    command = [kubectl.find(), "kustomize", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ValueError(f"kustomize: {' '.join(run.stderr.split())[:500]}")
    return [manifest for manifest in yaml.safe_load_all(run.stdout) if manifest]


def schema_problems(manifests: list[Manifest]) -> list[str]:
    """Fields that a version of Kubernetes does not know, or of another type."""
    found = []
    for version in VERSIONS:
        for manifest in manifests:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                where = ".".join(str(part) for part in error.path)
                found.append(f"{_called(manifest)}: Kubernetes {version}: {where}: {error.message[:200]}")
            except kubernetes_validate.SchemaNotFoundError:
                found.append(f"{_called(manifest)}: Kubernetes {version} has no such kind and apiVersion")
    return found


def problems(manifests: list[Manifest]) -> list[str]:
    """Kind, name and field of whatever breaks a rule, with what was expected."""
    kinds = _Kinds(manifests)
    found = [*_namespace(kinds), *_names(kinds), *_references(kinds), *_canary(kinds), *_scaling(kinds)]
    for deployment in kinds["Deployment"]:
        where, pod = _called(deployment), deployment["spec"]["template"]["spec"]
        found += kubernetes_pods.problems(where, pod, has_customers=bool(kinds["Ingress"]))
        found += _environment(where, deployment, kinds)
    return [*found, *_reach(kinds)]


class _Kinds(dict[str, list[Manifest]]):
    """Manifests by kind; a kind that is not there is empty."""

    def __init__(self, manifests: list[Manifest]) -> None:
        super().__init__()
        for manifest in manifests:
            self.setdefault(manifest["kind"], []).append(manifest)

    def __missing__(self, kind: str) -> list[Manifest]:
        return []

    def names(self, kind: str) -> set[str]:
        return {manifest["metadata"]["name"] for manifest in self[kind]}


def _called(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def _namespace(kinds: _Kinds) -> list[str]:
    """Pod Security Standards: https://docs.aws.amazon.com/eks/latest/best-practices/pod-security.html"""
    found = expect("manifests", "names of the namespaces", kinds.names("Namespace"), {PROJECT})
    for namespace in kinds["Namespace"]:
        enforce = namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
        found += expect(_called(namespace), "pod-security.kubernetes.io/enforce", enforce, "restricted")
    for manifest in (one for kind in kinds.values() for one in kind if one["kind"] != "Namespace"):
        place = manifest["metadata"].get("namespace")
        found += expect(_called(manifest), "metadata.namespace", place, PROJECT)
    return found


def _names(kinds: _Kinds) -> list[str]:
    """The same services, container and ports as everywhere: infra/shop.py."""
    names = {service.name for service in SERVICES} | {XRAY_CONTAINER}
    found = [
        f"{kind} {missing}: is missing"
        for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget")
        for missing in sorted(names - kinds.names(kind))
    ]
    for service in kinds["Service"]:
        tracing = service["metadata"]["name"] == XRAY_CONTAINER
        ports = {(port.get("protocol", "TCP"), port["port"]) for port in service["spec"]["ports"]}
        found += expect(_called(service), "spec.ports", ports, set(TRACING) if tracing else {HTTP})
        found += expect(_called(service), "spec.type", service["spec"].get("type", "ClusterIP"), "ClusterIP")
    for deployment in kinds["Deployment"]:
        kind = labels_of(deployment).get(NAME)
        if kind not in names:
            found.append(f"{_called(deployment)}: label {NAME} is {kind!r}, expected one of {sorted(names)}")
            continue
        spec = deployment["spec"]["template"]["spec"]
        expected = [(XRAY_CONTAINER, set(TRACING)) if kind == XRAY_CONTAINER else (CONTAINER, {HTTP})]
        containers = [
            (
                one["name"],
                {(port.get("protocol", "TCP"), port["containerPort"]) for port in one.get("ports", [])},
            )
            for one in spec["containers"]
        ]
        found += expect(_called(deployment), "containers and their ports", containers, expected)
    return found


def _references(kinds: _Kinds) -> list[str]:
    """Whatever is named is there, and each selector takes exactly one Deployment's pods."""
    found = []
    for deployment in kinds["Deployment"]:
        where, pod = _called(deployment), deployment["spec"]["template"]["spec"]
        account = pod.get("serviceAccountName")
        found += expect(where, "serviceAccountName", account, deployment["metadata"]["name"])
        maps = {
            source["configMapRef"]["name"] for one in pod["containers"] for source in one.get("envFrom", [])
        }
        found += [
            f"{where}: envFrom names ConfigMap {name}, which is not there"
            for name in sorted(maps - kinds.names("ConfigMap"))
        ]
        own = deployment["spec"]["selector"]
        spreads = [entry["labelSelector"] for entry in pod.get("topologySpreadConstraints", [])]
        found += [] if spreads else [f"{where}: has no topologySpreadConstraints"]
        for selector in [own, *spreads]:
            found += _one_deployment(where, selector, kinds, deployment["metadata"]["name"])
    for manifest in [*kinds["Service"], *kinds["PodDisruptionBudget"]]:
        selector = manifest["spec"]["selector"]
        chosen = {"matchLabels": selector} if manifest["kind"] == "Service" else selector
        found += _one_deployment(_called(manifest), chosen, kinds, manifest["metadata"]["name"])
    return found


def _one_deployment(where: str, selector: dict[str, Any], kinds: _Kinds, name: str) -> list[str]:
    chosen = [
        one["metadata"]["name"]
        for one in kinds["Deployment"]
        if network_policies.selects(selector, labels_of(one))
    ]
    return expect(where, "Deployments that the selector takes", chosen, [name])


def environment(deployment: Manifest, config_maps: list[Manifest]) -> dict[str, str]:
    """The variables that the first container gets, later ones over earlier ones."""
    data = {one["metadata"]["name"]: one["data"] for one in config_maps}
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= data.get(source["configMapRef"]["name"], {})
    return found | {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}


def _environment(where: str, deployment: Manifest, kinds: _Kinds) -> list[str]:
    variables = environment(deployment, kinds["ConfigMap"])
    service = next((one for one in SERVICES if one.name == labels_of(deployment).get(NAME)), None)
    expected = {"PORT": str(CONTAINER_PORT), "AWS_XRAY_DAEMON_ADDRESS": f"{XRAY_CONTAINER}:{XRAY_PORT}"}
    expected |= {"AWS_XRAY_NOOP_ID": "false", "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR"}
    expected |= {"AWS_DEFAULT_REGION": variables.get("AWS_REGION", "set")}
    expected |= _own_variables(service) if service else {}
    return [
        problem
        for name, value in expected.items()
        for problem in expect(where, name, variables.get(name), value)
    ]


def _own_variables(service: Service) -> dict[str, str]:
    urls = {f"{name.upper()}_URL": f"http://{name}:{CONTAINER_PORT}" for name in service.calls}
    table = {f"{(service.table or '').removeprefix(f'{PROJECT}-').upper()}_TABLE": service.table}
    return urls | {name: value for name, value in table.items() if value}


def _canary(kinds: _Kinds) -> list[str]:
    """The weighted action: whole percents of 100, between Services that are there."""
    found = []
    for ingress in kinds["Ingress"]:
        where, notes = _called(ingress), ingress["metadata"].get("annotations", {})
        found += expect(where, "ingressClassName", ingress["spec"].get("ingressClassName"), "alb")
        backends = [
            path["backend"]["service"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]
        ]
        for backend in backends:
            action = f"alb.ingress.kubernetes.io/actions.{backend['name']}"
            found += expect(where, f"port of {backend['name']}", backend["port"], {"name": "use-annotation"})
            if action not in notes:
                found.append(f"{where}: has no annotation {action}, which its backend names")
            else:
                found += _weights(f"{where}: {action}", notes[action], kinds)
    return found


def _weights(where: str, action: str, kinds: _Kinds) -> list[str]:
    try:
        groups = json.loads(action)["forwardConfig"]["targetGroups"]
        weights = Counter({group["serviceName"]: group["weight"] for group in groups})
        ports = {int(group["servicePort"]) for group in groups}
    except (ValueError, KeyError, TypeError) as error:
        return [f"{where}: is not a weighted forward action: {error!r}"]
    found = expect(where, "sum of the weights", weights.total(), 100)
    found += expect(where, "servicePort", ports, {CONTAINER_PORT})
    expected = {"storefront", "storefront-canary"}
    return [
        *found,
        *expect(where, "serviceName", set(weights), expected),
        *(f"{where}: Service {name} is not there" for name in sorted(set(weights) - kinds.names("Service"))),
    ]


def _scaling(kinds: _Kinds) -> list[str]:
    """Either a number of pods or an autoscaler that counts them; and a drained node takes one at a time."""
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one for one in kinds["HorizontalPodAutoscaler"]}
    found = [
        f"HorizontalPodAutoscaler {one['metadata']['name']}: there is no Deployment {name}"
        for name, one in scaled.items()
        if name not in kinds.names("Deployment")
    ]
    for deployment in kinds["Deployment"]:
        name, replicas = deployment["metadata"]["name"], deployment["spec"].get("replicas")
        if name in scaled and replicas is not None:
            found.append(
                f"{_called(deployment)}: replicas is {replicas}, expected none: an autoscaler counts"
            )
        if name not in scaled and replicas is None:
            found.append(f"{_called(deployment)}: has neither replicas nor an autoscaler")
    for budget in kinds["PodDisruptionBudget"]:
        found += expect(_called(budget), "maxUnavailable", budget["spec"].get("maxUnavailable"), 1)
    return found


def _reach(kinds: _Kinds) -> list[str]:
    return network_policies.problems(
        kinds["Deployment"], kinds["NetworkPolicy"], has_customers=bool(kinds["Ingress"])
    )
