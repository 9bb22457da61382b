import pytest

from local.pipeline.ecs.task_containers import LABEL, PAUSE
from local.pipeline.ecs.task_runner import Containers
from tests.unit.local.pipeline.revision import PLACE


def container(name, state="running", status="Up 3 seconds (healthy)", *, essential=True, address=""):
    """One as Docker lists it."""
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


def task(*found):
    pause = container(PAUSE, address="172.18.0.9")
    return Containers(PLACE)._running([pause, *found])


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
    found = task(container("orders", state, status), container("xray-daemon", essential=False))

    assert (found.status, found.healthy, found.address) == (expected, healthy, "172.18.0.9")


def test_a_task_outlives_a_container_that_is_not_essential():
    found = task(container("orders"), container("xray-daemon", "exited", "Exited (1)", essential=False))

    assert (found.status, found.healthy) == ("RUNNING", True)


def test_a_task_that_stopped_names_the_container():
    found = task(container("orders", "exited", "Exited (137) 2 seconds ago"))

    assert found.exit == "Essential container orders exited: Exited (137) 2 seconds ago"


def test_a_task_that_has_nothing_but_its_network_is_half_made():
    assert task().status == "PENDING"
