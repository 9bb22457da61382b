from types import SimpleNamespace

import docker.errors
import pytest

from local.pipeline.ecs import task_runner
from local.pipeline.ecs.task_containers import LABEL, PAUSE
from local.pipeline.ecs.task_runner import TaskRunner, running_task
from local.pipeline.settings import Settings
from settings import load


def container(name, state="running", status="Up 3 seconds (healthy)", *, essential=True, address=""):
    """A container as Docker lists it."""
    return {
        "Labels": {
            f"{LABEL}.task": "f" * 32,
            f"{LABEL}.task-set": "ecs-svc/1",
            f"{LABEL}.service": "orders",
            f"{LABEL}.container": name,
            f"{LABEL}.essential": "true" if essential else "false",
        },
        "State": state,
        "Status": status,
        "NetworkSettings": {"Networks": {"lantern_default": {"IPAddress": address}}},
    }


def task(*containers):
    return running_task([container(PAUSE, address="172.18.0.9"), *containers])


@pytest.mark.parametrize(
    ("state", "status", "expected", "healthy"),
    [
        ("running", "Up 3 seconds (healthy)", "RUNNING", True),
        ("running", "Up 3 seconds", "RUNNING", True),
        ("running", "Up 1 second (health: starting)", "RUNNING", False),
        ("running", "Up 1 minute (unhealthy)", "STOPPED", False),
        ("exited", "Exited (137) 2 seconds ago", "STOPPED", False),
        ("dead", "Dead", "STOPPED", False),
        ("created", "Created", "PENDING", False),
        ("restarting", "Restarting (1) 1 second ago", "RUNNING", False),
    ],
)
def test_a_task_is_as_its_essential_container_is(state, status, expected, healthy):
    running = task(container("orders", state, status), container("xray-daemon", essential=False))

    assert (running.status, running.healthy, running.address) == (expected, healthy, "172.18.0.9")


def test_a_task_outlives_a_container_that_is_not_essential():
    running = task(container("orders"), container("xray-daemon", "exited", "Exited (1)", essential=False))

    assert (running.status, running.healthy) == ("RUNNING", True)


def test_a_task_that_stopped_names_the_container():
    stopped = task(container("orders", "exited", "Exited (137) 2 seconds ago"))

    assert stopped.stopped_reason == "Essential container orders exited: Exited (137) 2 seconds ago"


def test_a_task_that_has_only_its_pause_container_is_pending():
    assert task().status == "PENDING"


class Images:
    """The images of a Docker engine, by id: their names, and who runs them."""

    def __init__(self, **names):
        self.names, self.running = {key: list(value) for key, value in names.items()}, set()

    def get(self, name):
        key = next((key for key, names in self.names.items() if name in names), None)
        if key is None:
            raise docker.errors.ImageNotFound(name)
        tags = [name for name in self.names[key] if "@" not in name]
        digests = [name for name in self.names[key] if "@" in name]
        return SimpleNamespace(id=key, tags=tags, attrs={"RepoDigests": digests})

    def remove(self, name):
        if name in self.running:
            raise docker.errors.APIError("conflict: a container runs it")
        self.names[self.get(name).id].remove(name)


REGISTRY = "127.0.0.1:4566/lantern"


def runs(*names):
    """A task definition whose images are in ECR."""
    ecr = "111122223333.dkr.ecr.us-east-1.amazonaws.com/lantern"
    return {"containerDefinitions": [{"image": f"{ecr}/{name}"} for name in names]}


@pytest.fixture(name="images")
def _images(monkeypatch):
    images = Images(
        old=[f"{REGISTRY}/orders:0123456", f"{REGISTRY}/orders@sha256:aaa", "lantern-orders:latest"],
        new=[f"{REGISTRY}/orders:89abcde", f"{REGISTRY}/orders@sha256:bbb"],
        daemon=[f"{REGISTRY}/xray-daemon:3.7.0"],
    )
    monkeypatch.setattr(task_runner.docker, "from_env", lambda **_: SimpleNamespace(images=images))
    return images


def test_images_that_only_a_task_set_that_is_gone_ran_lose_their_names_in_the_registry(images):
    runner = TaskRunner(load(Settings, {}), None)

    runner.remove_images(
        runs("orders@sha256:aaa", "xray-daemon:3.7.0"), [runs("orders@sha256:bbb", "xray-daemon:3.7.0")]
    )

    assert images.names["old"] == ["lantern-orders:latest"], "what compose built is compose's"
    assert len(images.names["new"]) == 2
    assert len(images.names["daemon"]) == 1


def test_an_image_that_still_runs_or_is_not_there_is_left(images):
    runner = TaskRunner(load(Settings, {}), None)
    images.running.add(f"{REGISTRY}/orders:0123456")

    runner.remove_images(runs("orders@sha256:aaa", "orders@sha256:ccc"), [])

    assert f"{REGISTRY}/orders:0123456" in images.names["old"]
