import logging
from types import SimpleNamespace

import botocore.exceptions
import docker.errors
import pytest

from local.pipeline import provision
from local.pipeline.codedeploy.service_traffic import ServiceTraffic
from local.pipeline.ecs.service_scheduler import TaskSet
from local.pipeline.local_aws import LocalAws
from local.pipeline.provision import REVISION_LABEL, Provisioner, ProvisionError
from local.pipeline.settings import Settings
from settings import load
from tests.unit.local.pipeline.deploy_artifact import DAEMON, IMAGE, definition, files
from tests.unit.local.pipeline.stepped_runner import GROUPS

REGISTRY = "127.0.0.1:4566"
BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"


class Image:
    def __init__(self, engine):
        self.engine, self.labels = engine, {REVISION_LABEL: "0123456"}

    def tag(self, target, tag):
        self.engine.here.add(f"{target}:{tag}")


class Engine:
    """Docker's images: what compose built, and what was pulled or tagged since."""

    def __init__(self, registry):
        self.here, self.registry, self.images = {f"lantern-{name}" for name in GROUPS}, registry, self

    def get(self, name):
        if name not in self.here:
            raise docker.errors.ImageNotFound(name)
        return Image(self)

    def build(self, **_):
        return Image(self), []

    def push(self, target, tag, **_):
        self.registry.add((target.removeprefix(f"{REGISTRY}/"), tag))
        return []


class FakeAws:
    """ECR and ECS as far as a first start needs them."""

    def __init__(self):
        self.images, self.registered, self.down = set(), [], None

    def create(self, *_, **__):
        pass

    def has_image(self, repository, reference):
        if self.down:
            raise self.down
        return (repository, reference) in self.images

    def register_task_definition(self, definition):
        self.registered.append(definition)
        return f"arn:{len(self.registered)}"


@pytest.fixture(name="aws")
def _aws():
    return FakeAws()


@pytest.fixture(name="provisioner")
def _provisioner(runner, aws, monkeypatch):
    monkeypatch.setattr(provision.docker, "from_env", lambda **_: Engine(aws.images))
    return Provisioner(
        architecture=runner.architecture,
        settings=load(Settings, {}),
        aws=aws,
        scheduler=runner.scheduler,
        deployments=runner.deployments,
        traffic=runner.traffic,
        sessions=runner.sessions,
    )


def serve_release(runner, key="ecs-svc/old", targets=BLUE):
    """orders' tasks come from a release that was pushed to the registry."""
    runner.scheduler.put(
        TaskSet(
            id=key,
            service="orders",
            target_group=targets,
            task_definition="arn",
            definition=definition(),
            desired=2,
            status="PRIMARY",
        )
    )
    runner.traffic.put(ServiceTraffic("orders", key, {targets: 100}, targets))


def in_registry(image):
    repository, _, digest = image.partition("/")[2].partition("@")
    return repository, digest


def test_the_first_start_gives_each_service_tasks_of_the_image_that_compose_built(runner, provisioner, aws):
    provisioner.run()

    task_sets = runner.scheduler.task_sets()
    assert {
        task_set.service: (task_set.status, task_set.desired, task_set.version) for task_set in task_sets
    } == {name: ("PRIMARY", runner.architecture.groups[name].desired, "0123456") for name in GROUPS}
    assert {(f"lantern/{name}", "0123456") for name in GROUPS} <= aws.images
    assert {definition["family"] for definition in aws.registered} == {f"lantern-{name}" for name in GROUPS}


def test_a_second_start_changes_nothing(runner, provisioner, aws):
    provisioner.run()
    before = [task_set.id for task_set in runner.scheduler.task_sets()]

    provisioner.run()

    assert [task_set.id for task_set in runner.scheduler.task_sets()] == before
    assert len(aws.registered) == 3


def test_without_the_images_of_compose_the_command_that_builds_them_is_named(provisioner):
    provisioner._engine.here.clear()

    with pytest.raises(ProvisionError, match="there is no image lantern-catalog: 'make up' builds it"):
        provisioner.run()


@pytest.mark.parametrize("where", ["in the registry", "on the engine"])
def test_a_release_whose_images_exist_goes_on_serving(runner, provisioner, aws, where):
    serve_release(runner)
    for image in (IMAGE, DAEMON):
        if where == "in the registry":
            aws.images.add(in_registry(image))
        else:
            provisioner._engine.here.add(f"{REGISTRY}/{image.partition('/')[2]}")

    provisioner.run()

    assert runner.traffic.get("orders").primary == "ecs-svc/old"


def test_a_release_whose_image_no_longer_exists_is_replaced(runner, provisioner, aws, caplog):
    serve_release(runner, targets=GREEN)
    aws.images.add(in_registry(DAEMON))

    with caplog.at_level(logging.WARNING):
        provisioner.run()

    service = runner.traffic.get("orders")
    old, new = runner.scheduler.task_set("ecs-svc/old"), runner.scheduler.task_set(service.primary)
    assert (old.desired, old.status) == (0, "DRAINING")
    assert (new.status, new.version, new.target_group) == ("PRIMARY", "0123456", BLUE)
    first = runner.architecture.groups["orders"]
    assert (service.production, service.test) == ({BLUE: 100}, first.test.target_group)
    assert f"{IMAGE} is neither in the registry nor on this machine" in caplog.text


def test_a_primary_task_set_that_no_longer_exists_is_replaced(runner, provisioner):
    runner.traffic.put(ServiceTraffic("orders", "ecs-svc/lost", {GREEN: 100}, GREEN))

    provisioner.run()

    assert runner.scheduler.task_set(runner.traffic.get("orders").primary).status == "PRIMARY"


def test_a_registry_that_does_not_answer_is_no_reason_to_replace_a_release(
    runner, provisioner, aws, monkeypatch
):
    serve_release(runner)
    monkeypatch.setattr(provisioner, "_push_xray_daemon", lambda: None)
    aws.down = botocore.exceptions.EndpointConnectionError(endpoint_url="http://aws:4566")

    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        provisioner._needs_tasks(runner.architecture.groups["orders"])

    assert runner.traffic.get("orders").primary == "ecs-svc/old"


def test_a_service_with_an_active_deployment_is_left_alone(runner, provisioner):
    serve_release(runner)
    group = runner.deployments.group("lantern", "orders")
    runner.deployments.create(
        group, app_spec=files()["appspec.yaml"], task_definition="arn", definition=definition()
    )

    provisioner.run()

    assert runner.traffic.get("orders").primary == "ecs-svc/old"


# --- the registry's answers


def client(answer):
    def describe_images(**request):
        describe_images.request = request
        if isinstance(answer, Exception):
            raise answer
        return {"imageDetails": answer}

    return SimpleNamespace(describe_images=describe_images)


def refusal(code):
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeImages")


@pytest.mark.parametrize(
    ("answer", "has"),
    [
        ([{"imageDigest": "sha256:1"}], True),
        ([], False),
        (refusal("ImageNotFoundException"), False),
        (refusal("RepositoryNotFoundException"), False),
    ],
)
def test_an_image_exists_or_is_absent_as_the_registry_answers(monkeypatch, answer, has):
    aws = LocalAws(load(Settings, {}))
    monkeypatch.setattr(aws, "client", lambda _: client(answer))

    assert aws.has_image("lantern/orders", "sha256:1") is has


def test_any_other_error_of_the_registry_is_raised(monkeypatch):
    aws = LocalAws(load(Settings, {}))
    monkeypatch.setattr(aws, "client", lambda _: client(refusal("ServerException")))

    with pytest.raises(botocore.exceptions.ClientError):
        aws.has_image("lantern/orders", "first")


@pytest.mark.parametrize(("reference", "key"), [("sha256:1", "imageDigest"), ("0123456", "imageTag")])
def test_an_image_is_asked_for_by_its_digest_or_its_tag(monkeypatch, reference, key):
    aws, ecr = LocalAws(load(Settings, {})), client([])
    monkeypatch.setattr(aws, "client", lambda _: ecr)

    aws.has_image("lantern/orders", reference)

    assert ecr.describe_images.request["imageIds"] == [{key: reference}]
