"""The manifests of infra/eks as kustomize puts them together, and mistakes that people make in them."""

import copy
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.checks import kubernetes
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
OTHERS = {  # what gunicorn, boto3 and the X-Ray SDK read
    "HOST",
    "PORT",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_NOOP_ID",
}
# What checkov finds in dev and may stay
ACCEPTED = {
    "CKV_K8S_43": "dev runs the tag `bootstrap`; the registry's tags are immutable, and prod runs digests",
    "CKV_K8S_15": "an immutable tag need not be pulled again for each pod",
}


@functools.cache
def built(overlay):
    return kubernetes.build(EKS / "overlays" / overlay)


def find(manifests, kind, name):
    return next(one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, name))


def pod(manifests, name):
    return find(manifests, "Deployment", name)["spec"]["template"]["spec"]


def container(manifests, name):
    return pod(manifests, name)["containers"][0]


def policy(manifests, name):
    return find(manifests, "NetworkPolicy", name)["spec"]


def drop(manifests, kind, name):
    manifests.remove(find(manifests, kind, name))


def weigh(manifests, stable, canary):
    notes = find(manifests, "Ingress", "storefront")["metadata"]["annotations"]
    action = json.loads(notes["alb.ingress.kubernetes.io/actions.weighted"])
    for group, weight in zip(action["forwardConfig"]["targetGroups"], (stable, canary), strict=True):
        group["weight"] = weight
    notes["alb.ingress.kubernetes.io/actions.weighted"] = json.dumps(action)


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
    maps = [one for one in built(overlay) if one["kind"] == "ConfigMap"]
    read = {variable.name for variable in variables(SETTINGS[service]).values()}

    given = kubernetes.environment(find(built(overlay), "Deployment", service), maps)

    assert set(given) == read - IN_THE_IMAGE | OTHERS


def test_the_image_says_which_version_it_is():
    dockerfile = (ROOT / "services" / "Dockerfile").read_text()

    assert all(re.search(rf"^ENV .*\b{name}=", dockerfile, re.M) for name in IN_THE_IMAGE)


def test_production_runs_digests_and_development_one_pod_each():
    images = [container(built("prod"), one["metadata"]["name"])["image"] for one in deployments("prod")]
    replicas = {one["metadata"]["name"]: one["spec"]["replicas"] for one in deployments("dev")}

    assert all(re.search(r"/lantern/[a-z-]+@sha256:[0-9a-f]{64}$", image) for image in images), images
    assert replicas == dict.fromkeys(["catalog", "orders", "storefront", "xray-daemon"], 1)


def deployments(overlay):
    return [one for one in built(overlay) if one["kind"] == "Deployment"]


def test_production_scales_as_it_does_on_ecs():
    scalers = [one for one in built("prod") if one["kind"] == "HorizontalPodAutoscaler"]

    assert {one["metadata"]["name"] for one in scalers} == {service.name for service in SERVICES}
    assert {(one["spec"]["minReplicas"], one["spec"]["maxReplicas"]) for one in scalers} == {
        (MIN_TASKS, MAX_TASKS)
    }


def test_development_has_no_load_balancer_to_pay_for_and_its_faults_may_be_injected():
    maps = [one for one in built("dev") if one["kind"] == "ConfigMap"]

    given = kubernetes.environment(find(built("dev"), "Deployment", "storefront"), maps)

    assert not [one for one in built("dev") if one["kind"] == "Ingress"]
    assert given["FAULTS"] == "on"


def test_the_canary_is_the_stable_storefront_but_for_its_image_and_track():
    stable, canary = (copy.deepcopy(pod(built("prod"), name)) for name in ("storefront", "storefront-canary"))
    text = re.sub(r"storefront-canary", "storefront", json.dumps(canary)).replace('"canary"', '"stable"')

    assert json.loads(text) == json.loads(json.dumps(stable))


def test_the_load_balancer_is_known_by_the_public_subnets_of_the_network_template():
    template = json.loads((ROOT / "infra/cloudformation/lantern-network.json").read_text())
    public = {template["Resources"][f"PublicSubnet{n}"]["Properties"]["CidrBlock"] for n in (1, 2)}

    allowed = policy(built("prod"), "from-load-balancer")["ingress"][0]["from"]

    assert {entry["ipBlock"]["cidr"] for entry in allowed} == public


def test_pods_leave_after_the_load_balancer_took_them_out_and_gunicorn_is_done():
    notes = find(built("prod"), "Ingress", "storefront")["metadata"]["annotations"]
    delay = int(notes["alb.ingress.kubernetes.io/target-group-attributes"].split("=")[1])
    gunicorn = (ROOT / "services" / "gunicorn.conf.py").read_text()
    graceful = int(re.findall(r"^graceful_timeout = (\d+)", gunicorn, re.M)[0])

    waits = container(built("prod"), "storefront")["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert graceful == kubernetes.kubernetes_pods.GRACEFUL_S
    assert waits > delay


def test_the_x_ray_daemon_has_the_version_that_the_registry_mirrors():
    assert container(built("dev"), "xray-daemon")["image"].endswith(f"/xray-daemon:{XRAY_DAEMON_VERSION}")


@pytest.mark.parametrize("overlay", kubernetes.OVERLAYS)
def test_checkov_finds_nothing_but_what_is_accepted(overlay, tmp_path):
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(yaml.safe_dump_all(built(overlay)))

    found = checkov(manifests)

    assert found == (set(ACCEPTED) if overlay == "dev" else set())


def checkov(manifests):
    program = Path(sys.prefix) / "checkov" / "bin" / "checkov"
    command = [str(program), "--file", str(manifests), "--framework", "kubernetes", "--output", "json"]
    run = subprocess.run(
        [*command, "--compact", "--quiet", "--skip-download"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
    )
    report = json.loads(run.stdout)
    assert report["summary"]["passed"] > 100, report["summary"]  # it did look
    return {one["check_id"] for one in report["results"]["failed_checks"]}


# what is done to production's manifests, and what the problem's line must say
MISTAKES = {
    "root": (
        lambda all_: pod(all_, "orders")["securityContext"].update(runAsUser=0),
        "Deployment orders: runAsUser is 0, expected 10001",
    ),
    "root in the container": (
        lambda all_: container(all_, "orders")["securityContext"].update(runAsUser=0),
        "Deployment orders: container app: runAsUser is 0, expected 10001",
    ),
    "writable root file system": (
        lambda all_: container(all_, "catalog")["securityContext"].pop("readOnlyRootFilesystem"),
        "Deployment catalog: container app: readOnlyRootFilesystem is None, expected True",
    ),
    "capabilities kept": (
        lambda all_: container(all_, "xray-daemon")["securityContext"].pop("capabilities"),
        "Deployment xray-daemon: container xray-daemon: capabilities is {}, expected {'drop': ['ALL']}",
    ),
    "nowhere to write": (
        lambda all_: container(all_, "catalog").pop("volumeMounts"),
        "Deployment catalog: container app: /tmp is not mounted",
    ),
    "no limits": (
        lambda all_: container(all_, "storefront")["resources"].pop("limits"),
        "Deployment storefront: container app: has no resources.limits.memory",
    ),
    "second container without rules": (
        lambda all_: pod(all_, "orders")["containers"].append({"name": "debug", "image": "x", "ports": []}),
        "Deployment orders: container debug: readOnlyRootFilesystem is None, expected True",
    ),
    "liveness asks the dependencies": (
        lambda all_: container(all_, "orders")["livenessProbe"]["httpGet"].update(path="/readyz"),
        "Deployment orders: container app: livenessProbe: path is '/readyz', expected '/healthz'",
    ),
    "probe on a port where nobody listens": (
        lambda all_: container(all_, "orders")["readinessProbe"]["httpGet"].update(port=80),
        "Deployment orders: container app: readinessProbe: port is 80, expected 8080",
    ),
    "killed before it is done": (
        lambda all_: pod(all_, "catalog").update(terminationGracePeriodSeconds=20),
        "Deployment catalog: terminationGracePeriodSeconds is 20, expected more than 30",
    ),
    "host's network": (
        lambda all_: pod(all_, "xray-daemon").update(hostNetwork=True),
        "Deployment xray-daemon: hostNetwork is on, expected off",
    ),
    "token of the Kubernetes API": (
        lambda all_: pod(all_, "catalog").update(automountServiceAccountToken=True),
        "Deployment catalog: automountServiceAccountToken is True, expected False",
    ),
    "tag in production": (
        lambda all_: container(all_, "orders").update(image="1.dkr.ecr.us-east-1.amazonaws.com/orders:1"),
        "Deployment orders: container app: image is '1.dkr.ecr.us-east-1.amazonaws.com/orders:1', exp",
    ),
    "namespace that lets everything in": (
        lambda all_: find(all_, "Namespace", "lantern")["metadata"].pop("labels"),
        "Namespace lantern: pod-security.kubernetes.io/enforce is None, expected 'restricted'",
    ),
    "no default deny, and orders may be asked by anybody": (
        lambda all_: (
            drop(all_, "NetworkPolicy", "default-deny"),
            drop(all_, "NetworkPolicy", "into-orders"),
        ),
        "NetworkPolicy: stranger to orders (8080/tcp) is allowed, expected not",
    ),
    "edge too many": (
        lambda all_: (
            policy(all_, "into-orders").update(ingress=[{}])
            or policy(all_, "out-of-orders").update(egress=[{}])
        ),
        "NetworkPolicy: orders to internet (22/tcp) is allowed, expected not",
    ),
    "load balancer may ask the catalog": (
        lambda all_: policy(all_, "from-load-balancer").update(podSelector={}),
        "NetworkPolicy: load balancer to catalog (8080/tcp) is allowed, expected not",
    ),
    "same name in another namespace": (
        lambda all_: policy(all_, "into-orders")["ingress"][0]["from"][0].update(namespaceSelector={}),
        "NetworkPolicy: stranger to orders (8080/tcp) is allowed, expected not",
    ),
    "instance metadata": (
        lambda all_: policy(all_, "to-aws")["egress"][1]["to"][0]["ipBlock"].update(cidr="169.254.0.0/16"),
        "NetworkPolicy: orders to instance metadata (80/tcp) is allowed, expected not",
    ),
    "no names": (
        lambda all_: drop(all_, "NetworkPolicy", "all-to-dns"),
        "NetworkPolicy: storefront-canary to dns (53/udp) is not allowed, expected so",
    ),
    "segments by TCP only": (
        lambda all_: policy(all_, "into-xray-daemon")["ingress"][0].update(ports=[{"port": 2000}]),
        "NetworkPolicy: catalog to xray-daemon (2000/udp) is not allowed, expected so",
    ),
    "weights that are no percents": (
        lambda all_: weigh(all_, 90, 90),
        "sum of the weights is 180, expected 100",
    ),
    "action of another name": (
        lambda all_: find(all_, "Ingress", "storefront")["metadata"]["annotations"].pop(
            "alb.ingress.kubernetes.io/actions.weighted"
        ),
        "Ingress storefront: has no annotation alb.ingress.kubernetes.io/actions.weighted",
    ),
    "weights without the canary's Service": (
        lambda all_: drop(all_, "Service", "storefront-canary"),
        "Service storefront-canary is not there",
    ),
    "stable Service takes the canary's pods too": (
        lambda all_: find(all_, "Service", "storefront")["spec"]["selector"].pop("track"),
        "Service storefront: Deployments that the selector takes is ['storefront', 'storefront-canary'], ex",
    ),
    "two that count the pods": (
        lambda all_: find(all_, "Deployment", "orders")["spec"].update(replicas=2),
        "Deployment orders: replicas is 2, expected none: an autoscaler counts",
    ),
    "node that can't be drained": (
        lambda all_: find(all_, "PodDisruptionBudget", "orders")["spec"].update(maxUnavailable=0),
        "PodDisruptionBudget orders: maxUnavailable is 0, expected 1",
    ),
    "address of another port": (
        lambda all_: find(all_, "ConfigMap", maps_of(all_, "orders")[1])["data"].update(
            CATALOG_URL="http://catalog:8081"
        ),
        "Deployment orders: CATALOG_URL is 'http://catalog:8081', expected 'http://catalog:8080'",
    ),
    "settings that are not there": (
        lambda all_: drop(all_, "ConfigMap", maps_of(all_, "orders")[0]),
        "Deployment orders: envFrom names ConfigMap settings-",
    ),
    "service forgotten": (
        lambda all_: drop(all_, "Deployment", "orders"),
        "Deployment orders: is missing",
    ),
    "somebody else's role": (
        lambda all_: pod(all_, "storefront").update(serviceAccountName="catalog"),
        "Deployment storefront: serviceAccountName is 'catalog', expected 'storefront'",
    ),
    "other port": (
        lambda all_: container(all_, "catalog")["ports"][0].update(containerPort=8081),
        "Deployment catalog: containers and their ports is [('app', {('TCP', 8081)})]",
    ),
}


def maps_of(manifests, name):
    return [source["configMapRef"]["name"] for source in container(manifests, name)["envFrom"]]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    make, expected = MISTAKES[name]
    manifests = copy.deepcopy(built("prod"))
    make(manifests)

    problems = kubernetes.problems(manifests)

    assert any(expected in problem for problem in problems), problems


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
            f"overlays/prod: Deployment orders: Kubernetes {version}: spec.template.spec: " in one
            for one in problems
        )
        for version in kubernetes.VERSIONS
    ), problems


def test_a_kind_that_kubernetes_does_not_have_is_named(checkout):
    edit(checkout, "base/service/service-account.yaml", "apiVersion: v1", "apiVersion: v2")

    problems = kubernetes.step(checkout)

    assert any(
        "ServiceAccount catalog: Kubernetes 1.37 has no such kind and apiVersion" in one for one in problems
    )


def test_the_words_of_kustomize_are_passed_on(checkout):
    (checkout / "infra/eks/base/namespace.yaml").unlink()

    problems = kubernetes.step(checkout)

    assert any(
        "infra/eks/overlays/dev: kustomize: " in one and "namespace.yaml" in one for one in problems
    ), problems


def test_a_component_left_out_is_named(checkout):
    """Without the hardening nothing would be refused by kustomize or the schemas; the rules say it."""
    edit(checkout, "base/service/kustomization.yaml", "components: [../../components/hardened]\n", "")

    problems = kubernetes.step(checkout)

    assert any("Deployment storefront-canary: runAsNonRoot is None, expected True" in one for one in problems)


def edit(checkout, name, old, new):
    path = checkout / "infra" / "eks" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
