"""Two clones on one machine: each knows its own containers, and the other's folder when ports are taken."""

import json
import os
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from local.processes.compose import Port, Service, Stack, project_name
from local.stack import clones, ports
from local.stack.errors import Refused
from tests.waiting import wait_until

LISTEN = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    input()
"""


@pytest.fixture(name="docker")
def _docker(tmp_path, monkeypatch):
    """A docker command that prints an answer for arguments that begin so, and remembers them all."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    calls = tmp_path / "calls"

    def install(**answers):
        by_command = "\n".join(
            f"  {command}*) echo {json.dumps(text)};;" for command, text in answers.items()
        )
        program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\ncase "$*" in\n{by_command}\nesac\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    install.calls = lambda: calls.read_text().splitlines()
    return install


@pytest.fixture(name="clone")
def _clone(tmp_path):
    def make(name):
        folder = tmp_path / name
        (folder / "local" / "stack").mkdir(parents=True)
        (folder / "docker-compose.yml").write_text("services: {}\n")
        return folder

    return make


def stack_on(port):
    service = Service("orders", (), ports=(Port(8080, port, "tcp", "ORDERS_PORT"),))
    left_out = {"pipeline": (Port(4567, 4567, "tcp", "PIPELINE_PORT"),)}
    return Stack("lantern", {"orders": service}, left_out)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("lantern", "lantern"), ("Lantern.2 (copy)", "lantern2copy"), ("_shop-B", "shop-b"), ("灯", "lantern")],
)
def test_a_stack_is_named_as_docker_compose_names_one_in_this_folder(tmp_path, folder, name):
    assert project_name(tmp_path / folder) == name


def test_containers_of_a_clone_of_the_same_name_are_left_alone(docker, clone, tmp_path):
    other = clone("elsewhere/lantern")
    docker(ps=str(other))

    with pytest.raises(Refused, match=f"{other}.*COMPOSE_PROJECT_NAME=lantern-2"):
        clones.require_own("lantern", tmp_path / "lantern")


def test_volumes_of_a_clone_of_the_same_name_are_left_alone_too(docker, clone, tmp_path):
    other = clone("elsewhere/lantern")
    docker(volume=str(other))

    with pytest.raises(Refused, match=f"{other}"):
        clones.require_own("lantern", tmp_path / "lantern")


def test_a_clone_that_was_moved_keeps_what_it_had(docker, clone, tmp_path):
    moved = clone("new-home/lantern")
    docker(ps=str(moved), volume=str(tmp_path / "old-home" / "lantern"))

    clones.require_own("lantern", moved)
    clones.mark_own("lantern", moved)

    assert docker.calls()[-1].startswith(f"volume create --label lantern.folder={moved} ")


def test_a_port_that_another_clones_container_publishes_is_told_with_its_folder(docker, clone):
    other = clone("other")
    docker(ps=str(other))

    with closing(socket.create_server(("127.0.0.1", 0))) as server, pytest.raises(Refused) as refused:
        ports.require_free(stack_on(port := server.getsockname()[1]))

    assert f"Another Lantern runs, in {other}, and has the ports {port} (orders)." in str(refused.value)
    assert f"  ORDERS_PORT={port + 100}\n  PIPELINE_PORT=4667" in str(refused.value)


def test_a_port_that_another_clones_process_listens_on_is_told_with_its_folder(docker, clone):
    other = clone("other")
    docker()
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LISTEN!r}], check=True)"
    command = [sys.executable, "-c", child, "local.processes"]  # as a supervisor's command line
    with subprocess.Popen(
        command, cwd=other, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            port = int(process.stdout.readline())
            wait_until(lambda: clones.listener(Port(1, port, "tcp", "")), 10)

            with pytest.raises(Refused, match=f"Another Lantern runs, in {other}"):
                ports.require_free(stack_on(port))
        finally:
            process.communicate("\n", timeout=20)


def test_a_port_that_any_other_program_has_is_told_with_that_program():
    with closing(socket.create_server(("127.0.0.1", 0))) as server, pytest.raises(Refused) as refused:
        ports.require_free(stack_on(port := server.getsockname()[1]))

    assert f"Port {port} for orders is taken by " in str(refused.value)
    assert f"make up ORDERS_PORT={port + 100}" in str(refused.value)
