import pytest

from local.pipeline.ecs.task_containers import LABEL, PAUSE
from local.pipeline.ecs.task_runner import running_task


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
