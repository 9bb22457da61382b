"""The manifests of infra/eks as kustomize builds them, and mistakes in them."""

import copy
import functools
import json
import re
import shutil
from pathlib import Path

import pytest

from infra.checks import checkov, kubernetes
from infra.checks.shared_names import ONLY_ON_A_LAPTOP
from infra.constructs.ecs.auto_scaling import MAX_TASKS, MIN_TASKS
from infra.shop import SERVICES, XRAY_DAEMON_VERSION
from services.catalog.settings import Settings as CatalogSettings
from services.orders.settings import Settings as OrdersSettings
from services.storefront.settings import Settings as StorefrontSettings
from settings import variables

pytestmark = pytest.mark.requires("kubectl")

ROOT = Path(__file__).parents[2]
EKS = ROOT / "infra" / "eks"
SETTINGS = {"catalog": CatalogSettings, "orders": OrdersSettings, "storefront": StorefrontSettings}
IN_THE_IMAGE = {"SERVICE_VERSION", "SERVICE_COMMIT"}  # services/Dockerfile writes them
OF_ECS = {"ECS_CONTAINER_METADATA_URI_V4"}  # its agent sets it
OTHER_VARIABLES = {  # that gunicorn, boto3 and the X-Ray SDK read
    "HOST",
    "PORT",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_NOOP_ID",
}


@functools.cache
def built(overlay):
    return kubernetes.build(EKS / "overlays" / overlay)


def find(manifests, kind, name):
    return next(
        manifest for manifest in manifests if (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)
    )


def pod(manifests, name):
    return find(manifests, "Deployment", name)["spec"]["template"]["spec"]


def container(manifests, name):
    return pod(manifests, name)["containers"][0]


def policy(manifests, name):
    return find(manifests, "NetworkPolicy", name)["spec"]


def drop(manifests, kind, name):
    manifests.remove(find(manifests, kind, name))


def weigh(manifests, stable, canary):
    annotations = find(manifests, "Ingress", "storefront")["metadata"]["annotations"]
    action = json.loads(annotations["alb.ingress.kubernetes.io/actions.weighted"])
    for group, weight in zip(action["forwardConfig"]["targetGroups"], (stable, canary), strict=True):
        group["weight"] = weight
    annotations["alb.ingress.kubernetes.io/actions.weighted"] = json.dumps(action)


@pytest.mark.parametrize("overlay", kubernetes.OVERLAYS)
def test_every_manifest_is_known_to_three_versions_of_kubernetes(overlay):
    assert len(kubernetes.VERSIONS) == 3
    assert kubernetes.schema_problems(built(overlay)) == []


@pytest.mark.parametrize("overlay", kubernetes.OVERLAYS)
def test_every_rule_holds(overlay):
    assert kubernetes.problems(built(overlay)) == []


@pytest.mark.parametrize("overlay", kubernetes.OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_a_container_gets_the_settings_that_its_service_reads_and_no_others(overlay, service):
    read = {variable.name for variable in variables(SETTINGS[service]).values()}

    environment = kubernetes.environment(
        find(built(overlay), "Deployment", service), of_kind(overlay, "ConfigMap")
    )

    assert set(environment) == read - IN_THE_IMAGE - ONLY_ON_A_LAPTOP - OF_ECS | OTHER_VARIABLES


def test_the_image_says_which_version_it_is():
    dockerfile = (ROOT / "services" / "Dockerfile").read_text()

    assert all(re.search(rf"^ENV .*\b{name}=", dockerfile, re.M) for name in IN_THE_IMAGE)


def test_production_runs_digests_and_development_one_pod_each():
    images = [
        container(built("prod"), deployment["metadata"]["name"])["image"]
        for deployment in of_kind("prod", "Deployment")
    ]
    replicas = {
        deployment["metadata"]["name"]: deployment["spec"]["replicas"]
        for deployment in of_kind("dev", "Deployment")
    }

    assert all(re.search(r"/lantern/[a-z-]+@sha256:[0-9a-f]{64}$", image) for image in images), images
    assert replicas == dict.fromkeys(["catalog", "orders", "storefront", "xray-daemon"], 1)


def of_kind(overlay, kind):
    return [manifest for manifest in built(overlay) if manifest["kind"] == kind]


def test_production_scales_as_it_does_on_ecs():
    autoscalers = of_kind("prod", "HorizontalPodAutoscaler")
    limits = {
        (autoscaler["spec"]["minReplicas"], autoscaler["spec"]["maxReplicas"]) for autoscaler in autoscalers
    }

    assert {autoscaler["metadata"]["name"] for autoscaler in autoscalers} == {
        service.name for service in SERVICES
    }
    assert limits == {(MIN_TASKS, MAX_TASKS)}


def test_development_has_no_load_balancer_to_pay_for_and_its_faults_may_be_injected():
    environment = kubernetes.environment(
        find(built("dev"), "Deployment", "storefront"), of_kind("dev", "ConfigMap")
    )

    assert not of_kind("dev", "Ingress")
    assert environment["FAULTS"] == "on"


def test_the_canary_is_the_stable_storefront_but_for_its_image_and_track():
    stable, canary = (copy.deepcopy(pod(built("prod"), name)) for name in ("storefront", "storefront-canary"))
    text = re.sub(r"storefront-canary", "storefront", json.dumps(canary)).replace('"canary"', '"stable"')

    assert json.loads(text) == json.loads(json.dumps(stable))


def test_the_load_balancer_is_known_by_the_public_subnets_of_the_network_template():
    template = json.loads((ROOT / "infra/cloudformation/lantern-network.json").read_text())
    public = {template["Resources"][f"VpcPublicSubnet{n}Subnet"]["Properties"]["CidrBlock"] for n in (1, 2)}

    allowed = policy(built("prod"), "from-load-balancer")["ingress"][0]["from"]

    assert {entry["ipBlock"]["cidr"] for entry in allowed} == public


def test_pods_leave_after_the_load_balancer_took_them_out_and_gunicorn_is_done():
    annotations = find(built("prod"), "Ingress", "storefront")["metadata"]["annotations"]
    delay = int(annotations["alb.ingress.kubernetes.io/target-group-attributes"].split("=")[1])
    gunicorn = (ROOT / "services" / "gunicorn.conf.py").read_text()
    graceful = int(re.findall(r"^graceful_timeout = (\d+)", gunicorn, re.M)[0])

    waits = container(built("prod"), "storefront")["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert graceful == kubernetes.kubernetes_pods.GRACEFUL_S
    assert waits > delay


def test_the_x_ray_daemon_has_the_version_that_the_registry_mirrors():
    assert container(built("dev"), "xray-daemon")["image"].endswith(f"/xray-daemon:{XRAY_DAEMON_VERSION}")


# Mistake: (the edit of production's manifests, what a problem must contain)
MISTAKES = {
    "root": (
        lambda manifests: pod(manifests, "orders")["securityContext"].update(runAsUser=0),
        "Deployment orders: runAsUser is 0, expected 10001",
    ),
    "root in the container": (
        lambda manifests: container(manifests, "orders")["securityContext"].update(runAsUser=0),
        "Deployment orders: container app: runAsUser is 0, expected 10001",
    ),
    "nowhere to write": (
        lambda manifests: container(manifests, "catalog").pop("volumeMounts"),
        "Deployment catalog: container app: /tmp is not mounted",
    ),
    "liveness asks the dependencies": (
        lambda manifests: container(manifests, "orders")["livenessProbe"]["httpGet"].update(path="/readyz"),
        "Deployment orders: container app: livenessProbe: path is '/readyz', expected '/healthz'",
    ),
    "probe on a port where nobody listens": (
        lambda manifests: container(manifests, "orders")["readinessProbe"]["httpGet"].update(port=80),
        "Deployment orders: container app: readinessProbe: port is 80, expected 8080",
    ),
    "killed before it is done": (
        lambda manifests: pod(manifests, "catalog").update(terminationGracePeriodSeconds=20),
        "Deployment catalog: terminationGracePeriodSeconds is 20, expected more than 30",
    ),
    "namespace that lets everything in": (
        lambda manifests: find(manifests, "Namespace", "lantern")["metadata"].pop("labels"),
        "Namespace lantern: pod-security.kubernetes.io/enforce is None, expected 'restricted'",
    ),
    "no default deny, and orders may be asked by anybody": (
        lambda manifests: (
            drop(manifests, "NetworkPolicy", "default-deny"),
            drop(manifests, "NetworkPolicy", "into-orders"),
        ),
        "NetworkPolicy: stranger to orders (8080/tcp) is allowed, expected not",
    ),
    "edge too many": (
        lambda manifests: (
            policy(manifests, "into-orders").update(ingress=[{}])
            or policy(manifests, "out-of-orders").update(egress=[{}])
        ),
        "NetworkPolicy: orders to internet (22/tcp) is allowed, expected not",
    ),
    "load balancer may ask the catalog": (
        lambda manifests: policy(manifests, "from-load-balancer").update(podSelector={}),
        "NetworkPolicy: load balancer to catalog (8080/tcp) is allowed, expected not",
    ),
    "same name in another namespace": (
        lambda manifests: policy(manifests, "into-orders")["ingress"][0]["from"][0].update(
            namespaceSelector={}
        ),
        "NetworkPolicy: stranger to orders (8080/tcp) is allowed, expected not",
    ),
    "instance metadata": (
        lambda manifests: policy(manifests, "to-aws")["egress"][1]["to"][0]["ipBlock"].update(
            cidr="169.254.0.0/16"
        ),
        "NetworkPolicy: orders to instance metadata (80/tcp) is allowed, expected not",
    ),
    "no names": (
        lambda manifests: drop(manifests, "NetworkPolicy", "all-to-dns"),
        "NetworkPolicy: storefront-canary to dns (53/udp) is not allowed, expected so",
    ),
    "segments by TCP only": (
        lambda manifests: policy(manifests, "into-xray-daemon")["ingress"][0].update(ports=[{"port": 2000}]),
        "NetworkPolicy: catalog to xray-daemon (2000/udp) is not allowed, expected so",
    ),
    "weights that are no percents": (
        lambda manifests: weigh(manifests, 90, 90),
        "sum of the weights is 180, expected 100",
    ),
    "action of another name": (
        lambda manifests: find(manifests, "Ingress", "storefront")["metadata"]["annotations"].pop(
            "alb.ingress.kubernetes.io/actions.weighted"
        ),
        "Ingress storefront: has no annotation alb.ingress.kubernetes.io/actions.weighted",
    ),
    "weights without the canary's Service": (
        lambda manifests: drop(manifests, "Service", "storefront-canary"),
        "Service storefront-canary is not there",
    ),
    "stable Service takes the canary's pods too": (
        lambda manifests: find(manifests, "Service", "storefront")["spec"]["selector"].pop("track"),
        "Service storefront: Deployments that the selector takes is ['storefront', 'storefront-canary'], ex",
    ),
    "two that count the pods": (
        lambda manifests: find(manifests, "Deployment", "orders")["spec"].update(replicas=2),
        "Deployment orders: replicas is 2, expected none: an autoscaler counts",
    ),
    "node that can't be drained": (
        lambda manifests: find(manifests, "PodDisruptionBudget", "orders")["spec"].update(maxUnavailable=0),
        "PodDisruptionBudget orders: maxUnavailable is 0, expected 1",
    ),
    "address of another port": (
        lambda manifests: find(manifests, "ConfigMap", config_maps_of(manifests, "orders")[1])["data"].update(
            CATALOG_URL="http://catalog:8081"
        ),
        "Deployment orders: CATALOG_URL is 'http://catalog:8081', expected 'http://catalog:8080'",
    ),
    "settings that are not there": (
        lambda manifests: drop(manifests, "ConfigMap", config_maps_of(manifests, "orders")[0]),
        "Deployment orders: envFrom names ConfigMap settings-",
    ),
    "service forgotten": (
        lambda manifests: drop(manifests, "Deployment", "orders"),
        "Deployment orders: is missing",
    ),
    "somebody else's role": (
        lambda manifests: pod(manifests, "storefront").update(serviceAccountName="catalog"),
        "Deployment storefront: serviceAccountName is 'catalog', expected 'storefront'",
    ),
    "other port": (
        lambda manifests: container(manifests, "catalog")["ports"][0].update(containerPort=8081),
        "Deployment catalog: containers and their ports is [('app', {('TCP', 8081)})]",
    ),
}


def config_maps_of(manifests, name):
    return [source["configMapRef"]["name"] for source in container(manifests, name)["envFrom"]]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    make_mistake, expected = MISTAKES[name]
    manifests = copy.deepcopy(built("prod"))
    make_mistake(manifests)

    problems = kubernetes.problems(manifests)

    assert any(expected in problem for problem in problems), problems


# The same for mistakes that checkov names, each in its own file of one run
CHECKOV_MISTAKES = {
    "writable root file system": (
        lambda manifests: container(manifests, "catalog")["securityContext"].pop("readOnlyRootFilesystem"),
        "CKV_K8S_22 Deployment.lantern.catalog: "
        "Use read-only filesystem for containers where possible: "
        "spec/template/spec/containers/[0]/securityContext/readOnlyRootFilesystem",
    ),
    "capabilities kept": (
        lambda manifests: container(manifests, "xray-daemon")["securityContext"].pop("capabilities"),
        "CKV_K8S_37 Deployment.lantern.xray-daemon: "
        "Minimize the admission of containers with capabilities assigned: "
        "spec/template/spec/containers/[0]/securityContext/capabilities/drop",
    ),
    "no limits": (
        lambda manifests: container(manifests, "storefront")["resources"].pop("limits"),
        "CKV_K8S_13 Deployment.lantern.storefront: "
        "Memory limits should be set: spec/template/spec/containers/[0]/resources/limits/memory",
    ),
    "second container without rules": (
        lambda manifests: pod(manifests, "orders")["containers"].append(
            {"name": "debug", "image": "x", "ports": []}
        ),
        "CKV_K8S_22 Deployment.lantern.orders: "
        "Use read-only filesystem for containers where possible: "
        "spec/template/spec/containers/[1]/securityContext/readOnlyRootFilesystem",
    ),
    "host's network": (
        lambda manifests: pod(manifests, "xray-daemon").update(hostNetwork=True),
        "CKV_K8S_19 Deployment.lantern.xray-daemon: Containers should not share the host network namespace",
    ),
    "token of the Kubernetes API": (
        lambda manifests: pod(manifests, "catalog").update(automountServiceAccountToken=True),
        "CKV_K8S_38 Deployment.lantern.catalog: "
        "Ensure that Service Account Tokens are only mounted where necessary",
    ),
    "tag in production": (
        lambda manifests: container(manifests, "orders").update(
            image="1.dkr.ecr.us-east-1.amazonaws.com/orders:1"
        ),
        "CKV_K8S_43 Deployment.lantern.orders: "
        "Image should use digest: spec/template/spec/containers/[0]/image",
    ),
    "capability added": (
        lambda manifests: container(manifests, "orders")["securityContext"]["capabilities"].update(
            add=["NET_ADMIN"]
        ),
        "CKV_K8S_25 Deployment.lantern.orders: "
        "Minimize the admission of containers with added capability: "
        "spec/template/spec/containers/[0]/securityContext/capabilities/add",
    ),
    "privileged": (
        lambda manifests: container(manifests, "orders")["securityContext"].update(privileged=True),
        "CKV_K8S_16 Deployment.lantern.orders: "
        "Container should not be privileged: spec/template/spec/containers/[0]/securityContext/privileged",
    ),
    "may gain rights": (
        lambda manifests: container(manifests, "orders")["securityContext"].pop("allowPrivilegeEscalation"),
        "CKV_K8S_20 Deployment.lantern.orders: Containers should not run with allowPrivilegeEscalation: "
        "spec/template/spec/containers/[0]/securityContext/allowPrivilegeEscalation",
    ),
    "host's processes": (
        lambda manifests: pod(manifests, "orders").update(hostPID=True),
        "CKV_K8S_17 Deployment.lantern.orders: Containers should not share the host process ID namespace",
    ),
    "no seccomp profile": (
        lambda manifests: pod(manifests, "catalog")["securityContext"].pop("seccompProfile"),
        "CKV_K8S_31 Deployment.lantern.catalog: "
        "Ensure that the seccomp profile is set to docker/default or runtime/default",
    ),
    "port of the host": (
        lambda manifests: container(manifests, "catalog")["ports"][0].update(hostPort=80),
        "CKV_K8S_26 Deployment.lantern.catalog: Do not specify hostPort unless absolutely necessary: "
        "spec/template/spec/containers/[0]/ports/[0]/hostPort",
    ),
    "image without a tag": (
        lambda manifests: container(manifests, "catalog").update(image="1.dkr.ecr.us-east-1.amazonaws.com/a"),
        "CKV_K8S_14 Deployment.lantern.catalog: "
        "Image Tag should be fixed - not latest or blank: spec/template/spec/containers/[0]/image",
    ),
}


@functools.cache
def checkov_problems():
    """checkov's findings in production's manifests with each of the mistakes, in one run."""
    overlays = {}
    for number, (make_mistake, _) in enumerate(CHECKOV_MISTAKES.values()):
        manifests = copy.deepcopy(built("prod"))
        make_mistake(manifests)
        overlays[f"mistake-{number}"] = manifests
    return checkov.manifest_problems(overlays)


@pytest.mark.parametrize("name", CHECKOV_MISTAKES)
def test_a_mistake_is_named_by_checkov(name):
    number = list(CHECKOV_MISTAKES).index(name)
    _, expected = CHECKOV_MISTAKES[name]

    assert f"infra/eks/overlays/mistake-{number}: {expected}" in checkov_problems()


@pytest.fixture(name="checkout")
def _checkout(tmp_path):
    shutil.copytree(EKS, tmp_path / "infra" / "eks")
    return tmp_path


def test_an_untouched_copy_has_no_problem(checkout):
    assert kubernetes.step(checkout) == []


def test_a_field_in_the_wrong_case_is_named_for_each_version_of_kubernetes(checkout):
    edit(checkout, "base/service/deployment.yaml", "serviceAccountName", "serviceaccountName")

    problems = kubernetes.step(checkout)

    assert all(
        any(
            f"overlays/prod: Deployment orders: Kubernetes {version}: spec.template.spec: " in problem
            for problem in problems
        )
        for version in kubernetes.VERSIONS
    ), problems


def test_a_kind_that_kubernetes_does_not_have_is_named(checkout):
    edit(checkout, "base/service/service-account.yaml", "apiVersion: v1", "apiVersion: v2")

    problems = kubernetes.step(checkout)

    assert any(
        "ServiceAccount catalog: Kubernetes 1.37 has no such kind and apiVersion" in problem
        for problem in problems
    )


def test_the_words_of_kustomize_are_passed_on(checkout):
    (checkout / "infra/eks/base/namespace.yaml").unlink()

    problems = kubernetes.step(checkout)

    assert any(
        "infra/eks/overlays/dev: kustomize: " in problem and "namespace.yaml" in problem
        for problem in problems
    ), problems


def test_a_component_left_out_is_named(checkout):
    """Without the hardening nothing would be refused by kustomize or the schemas; the rules say it."""
    edit(checkout, "base/service/kustomization.yaml", "components: [../../components/hardened]\n", "")

    problems = kubernetes.step(checkout)

    assert any(
        "Deployment storefront-canary: runAsNonRoot is None, expected True" in problem for problem in problems
    )


def edit(checkout, name, old, new):
    path = checkout / "infra" / "eks" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
