"""What a killed test run leaves on the Docker engine goes before the next one; what lives is left alone."""

import subprocess
import sys

import docker
import pytest

from tests.ports import free_port, is_leased
from tests.stacks import AddressLock, new_stack_name, remove_abandoned

pytestmark = pytest.mark.requires("docker")


@pytest.fixture(name="engine")
def _engine():
    return docker.from_env()


def name_of_a_killed_process():
    """A stack's name from a process that has ended, whose lease the system has freed."""
    code = "from tests.stacks import new_stack_name; print(new_stack_name('killed'))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_what_a_killed_test_run_left_goes_before_the_next_stack(engine):
    name = name_of_a_killed_process()
    network = engine.networks.create(f"{name}_default")
    volume = engine.volumes.create(f"{name}_state")

    new_stack_name("next")

    assert network.id not in [each.id for each in engine.networks.list()]
    assert volume.name not in [each.name for each in engine.volumes.list()]


def test_the_stack_of_a_test_process_that_lives_stays(engine):
    network = engine.networks.create(f"{new_stack_name('living')}_default")
    try:
        remove_abandoned()
        assert network.id in [each.id for each in engine.networks.list()]
    finally:
        network.remove()


def test_a_port_is_leased_until_its_process_ends():
    port = free_port()
    ask = f"from tests.ports import is_leased; print(is_leased({port}))"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)

    assert is_leased(port)
    assert answer.stdout.strip() == "True"


def test_a_network_that_only_one_stack_can_have_is_waited_for():
    lock = AddressLock("192.0.2.0/24")
    with pytest.raises(AssertionError, match="another test run has held"):
        AddressLock("192.0.2.0/24", within_s=0.1)
    lock.release()
    AddressLock("192.0.2.0/24", within_s=0.1).release()
