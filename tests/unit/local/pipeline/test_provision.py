import logging
from types import SimpleNamespace

import botocore.exceptions
import docker.errors
import pytest

from local.pipeline import provision as provision_module
from local.pipeline.codedeploy.deployments import Service
from local.pipeline.ecs.service_scheduler import TaskSet
from local.pipeline.local_aws import Aws
from local.pipeline.provision import REVISION, Provision, ProvisionError
from local.pipeline.settings import Settings
from settings import load
from tests.unit.local.pipeline.machine import GROUPS
from tests.unit.local.pipeline.revision import DAEMON, IMAGE, definition, files

REGISTRY = "127.0.0.1:4566"
BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"


class Image:
    def __init__(self, engine):
        self.engine, self.labels = engine, {REVISION: "0123456"}

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

    def make(self, *_, **__):
        pass

    def put_function(self, *_):
        pass

    def has_image(self, repository, reference):
        if self.down:
            raise self.down
        return (repository, reference) in self.images

    def register(self, definition):
        self.registered.append(definition)
        return f"arn:{len(self.registered)}"


@pytest.fixture(name="aws")
def _aws():
    return FakeAws()


@pytest.fixture(name="provision")
def _provision(machine, aws, monkeypatch):
    monkeypatch.setattr(provision_module.docker, "from_env", lambda **_: Engine(aws.images))
    return Provision(machine.architecture, load(Settings, {}), aws, machine.fleet, machine.deployments)


def serve(machine, key="ecs-svc/old", targets=BLUE):
    """orders' tasks come from a release that was pushed to the registry."""
    machine.fleet.keep(
        TaskSet(
            id=key,
            service="orders",
            target_group=targets,
            task_definition="arn",
            definition=definition(),
            desired=2,
            created=1.0,
            status="PRIMARY",
        )
    )
    machine.deployments.keep_service(Service("orders", key, {targets: 100}, targets))


def in_registry(image):
    repository, _, digest = image.partition("/")[2].partition("@")
    return repository, digest


def test_at_first_each_service_gets_the_tasks_that_compose_built(machine, provision, aws):
    provision.run()

    task_sets = machine.fleet.task_sets()
    assert {one.service: (one.status, one.desired, one.version) for one in task_sets} == {
        name: ("PRIMARY", machine.architecture.groups[name].desired, "0123456") for name in GROUPS
    }
    assert {(f"lantern/{name}", "0123456") for name in GROUPS} <= aws.images
    assert {one["family"] for one in aws.registered} == {f"lantern-{name}" for name in GROUPS}


def test_a_second_start_changes_nothing(machine, provision, aws):
    provision.run()
    before = [one.id for one in machine.fleet.task_sets()]

    provision.run()

    assert [one.id for one in machine.fleet.task_sets()] == before
    assert len(aws.registered) == 3


def test_without_the_images_of_compose_it_says_what_builds_them(provision):
    provision._engine.here.clear()

    with pytest.raises(ProvisionError, match="there is no image lantern-catalog: 'make up' builds it"):
        provision.run()


@pytest.mark.parametrize("where", ["in the registry", "on the engine"])
def test_a_release_whose_images_are_there_goes_on_serving(machine, provision, aws, where):
    serve(machine)
    for image in (IMAGE, DAEMON):
        if where == "in the registry":
            aws.images.add(in_registry(image))
        else:
            provision._engine.here.add(f"{REGISTRY}/{image.partition('/')[2]}")

    provision.run()

    assert machine.deployments.service("orders").primary == "ecs-svc/old"


def test_a_release_whose_image_is_nowhere_any_more_begins_anew(machine, provision, aws, caplog):
    serve(machine, targets=GREEN)
    aws.images.add(in_registry(DAEMON))

    with caplog.at_level(logging.WARNING):
        provision.run()

    service = machine.deployments.service("orders")
    old, new = machine.fleet.task_set("ecs-svc/old"), machine.fleet.task_set(service.primary)
    assert (old.desired, old.status) == (0, "DRAINING")
    assert (new.status, new.version, new.target_group) == ("PRIMARY", "0123456", BLUE)
    first = machine.architecture.groups["orders"]
    assert (service.production, service.test) == ({BLUE: 100}, first.test.target_group)
    assert f"{IMAGE} is neither in the registry nor on this machine" in caplog.text


def test_a_task_set_that_nobody_remembers_begins_anew(machine, provision):
    machine.deployments.keep_service(Service("orders", "ecs-svc/lost", {GREEN: 100}, GREEN))

    provision.run()

    assert machine.fleet.task_set(machine.deployments.service("orders").primary).status == "PRIMARY"


def test_a_registry_that_can_not_tell_is_no_reason_to_begin_anew(machine, provision, aws, monkeypatch):
    serve(machine)
    monkeypatch.setattr(provision, "_push_daemon", lambda: None)
    aws.down = botocore.exceptions.EndpointConnectionError(endpoint_url="http://aws:4566")

    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        provision._needs_tasks(machine.architecture.groups["orders"])

    assert machine.deployments.service("orders").primary == "ecs-svc/old"


def test_a_service_that_a_deployment_moves_is_left_to_it(machine, provision):
    serve(machine)
    group = machine.deployments.group("lantern", "orders")
    machine.deployments.create(group, files()["appspec.yaml"], definition(), "arn")

    provision.run()

    assert machine.deployments.service("orders").primary == "ecs-svc/old"


# --- what the registry says


def client(answer):
    def describe_images(**request):
        describe_images.asked = request
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
def test_the_registry_has_an_image_or_says_that_it_has_none(monkeypatch, answer, has):
    aws = Aws(load(Settings, {}))
    monkeypatch.setattr(aws, "client", lambda _: client(answer))

    assert aws.has_image("lantern/orders", "sha256:1") is has


def test_any_other_refusal_of_the_registry_is_no_answer(monkeypatch):
    aws = Aws(load(Settings, {}))
    monkeypatch.setattr(aws, "client", lambda _: client(refusal("ServerException")))

    with pytest.raises(botocore.exceptions.ClientError):
        aws.has_image("lantern/orders", "first")


@pytest.mark.parametrize(("reference", "key"), [("sha256:1", "imageDigest"), ("0123456", "imageTag")])
def test_an_image_is_asked_for_by_its_digest_or_its_tag(monkeypatch, reference, key):
    aws, ecr = Aws(load(Settings, {})), client([])
    monkeypatch.setattr(aws, "client", lambda _: ecr)

    aws.has_image("lantern/orders", reference)

    assert ecr.describe_images.asked["imageIds"] == [{key: reference}]
