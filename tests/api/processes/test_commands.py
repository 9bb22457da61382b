"""make up, down, status and logs, on small stacks: what they refuse, and that a failure leaves nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.api.processes.toys import server
from tests.ports import free_port
from tests.waiting import wait_until


def test_second_up_changes_nothing_and_says_so(toy):
    stack = toy(a=server("a", free_port()))
    stack.run("up")
    before = stack.record()

    printed = stack.run("up")

    assert "already up (processes); nothing was changed" in printed
    assert stack.record() == before


def test_down_is_idempotent_and_keeps_the_state(toy):
    stack = toy(a=server("a", free_port(), volumes=["data:/state"], environment={"DIR": "/state"}))
    stack.run("up")
    (stack.home / "state" / "data" / "kept").touch()

    assert "is down (processes)" in stack.run("down")
    assert "not running" in stack.run("down")

    assert (stack.home / "state" / "data" / "kept").exists()
    assert stack.alive() == []


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_taken_port_is_refused_naming_port_variable_and_holder(toy, kind):
    port = free_port()
    service = server("a", port)
    if kind == socket.SOCK_DGRAM:
        service["ports"] = [service["ports"][0] + "/udp"]
    stack = toy(a=service)

    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        printed = stack.run("up", code=2)

    assert f"Port {port}" in printed
    assert f"(pid {os.getpid()})" in printed
    assert f"make up A_PORT={port + 100}" in printed
    assert stack.alive() == []
    assert not stack.record()


def test_port_wanted_twice_is_refused(toy):
    port = free_port()
    stack = toy(a=server("a", port), b=server("b", port))

    assert f"Port {port} is wanted by a and by b" in stack.run("up", code=2)


def test_variable_and_dotenv_move_a_port(toy):
    a, b = free_port(), free_port()
    stack = toy(a=server("a", 1), b=server("b", 2))
    (stack.folder / ".env").write_text(f"A_PORT={a}\nB_PORT=3\n")
    stack.env["B_PORT"] = str(b)

    stack.run("up")

    printed = stack.run("status")
    assert f"http://127.0.0.1:{a}" in printed
    assert f"http://127.0.0.1:{b}" in printed


def test_service_that_dies_at_start_is_named_with_its_last_lines_and_nothing_is_left(toy):
    stack = toy(
        good=server("good", free_port()),
        bad={"command": ["sh", "-c", "echo cannot find my keys >&2; exit 3"], "restart": "unless-stopped"},
    )

    printed = stack.run("up", code=1)

    assert "bad ended with exit code 3 while starting" in printed
    assert "  cannot find my keys" in printed
    assert stack.alive() == []
    assert not stack.record()


def test_job_that_fails_is_named(toy):
    stack = toy(job={"command": ["sh", "-c", "echo no; exit 1"]})

    assert "job ended with exit code 1" in stack.run("up", code=1)


def test_program_that_is_not_there_is_named(toy):
    stack = toy(a={"command": ["no-such-program"]})

    assert "a can't be started" in stack.run("up", code=1)
    assert stack.alive() == []


def test_service_that_never_gets_healthy_is_named(toy):
    sick = server("a", free_port(), environment={"NEEDS": "medicine"})
    sick["healthcheck"] |= {"start_period": "200ms", "interval": "100ms", "retries": 2}
    stack = toy(a=sick)

    printed = stack.run("up", code=1)

    # it may fail once more before somebody looks
    assert re.search(r"a failed its health check [23] times", printed)
    assert stack.alive() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_up_leaves_nothing(toy, number):
    stack = toy(
        good=server("good", free_port()), slow=server("slow", free_port(), environment={"NEEDS": "luck"})
    )
    up = stack.begin("up")
    wait_until(lambda: stack.state("good") == "healthy", 20)

    up.send_signal(number)
    printed, _ = up.communicate(timeout=20)

    assert up.returncode == 130, printed
    assert stack.alive() == []
    assert not stack.record()


def test_up_that_is_interrupted_while_the_supervisor_begins_leaves_nothing(toy):
    stack = toy(a=server("a", free_port()))
    up = stack.begin("up")
    wait_until((stack.home / "logs" / "supervisor.out").exists, 20)

    up.send_signal(signal.SIGINT)
    printed, _ = up.communicate(timeout=20)

    assert up.returncode == 130, printed
    assert stack.alive() == []


def test_two_ups_at_once_make_one_stack(toy):
    stack = toy(a=server("a", free_port()))

    ups = [stack.begin("up"), stack.begin("up")]
    printed = [up.communicate(timeout=30)[0] for up in ups]

    assert [up.returncode for up in ups] == [0, 0], printed
    assert sum("already up" in text for text in printed) == 1
    assert len(stack.alive()) == 2


def test_process_that_got_the_number_of_a_dead_one_is_left_alone(toy):
    stack = toy(a=server("a", free_port()))
    stack.run("up")
    record = stack.record()
    stack.run("down")

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as innocent:
        record["supervisor"]["pid"] = record["services"]["a"]["process"]["pid"] = innocent.pid
        record["supervisor"]["created"] -= 60
        record["services"]["a"]["process"]["created"] -= 60
        (stack.home / "processes.json").write_text(json.dumps(record))
        printed = stack.run("down")
        assert innocent.poll() is None
        innocent.kill()

    assert "not running" in printed


def test_compose_file_that_asks_for_more_than_processes_can_do_is_refused(toy):
    stack = toy(a={"command": ["x"], "network_mode": "host"})

    assert f"{stack.file}: service a: network_mode" in stack.run("up", code=2)


def test_unknown_mode_is_refused(toy):
    stack = toy(a=server("a", free_port()))
    stack.env["MODE"] = "magic"

    assert "MODE=magic: expected containers or processes" in stack.run("up", code=2)


def test_logs_come_after_their_services_name_and_can_be_followed(toy):
    stack = toy(a=server("a", free_port()), b=server("b", free_port()))
    stack.run("up")

    everything = stack.run("logs")
    stack.env |= {"SERVICE": "b", "LINES": "1", "FOLLOW": "1"}
    following = stack.begin("logs")

    assert "a          | hello from a" in everything
    assert "b          | hello from b" in everything
    lines = (line for line in following.stdout if "new line" in line or "hello" in line or "GET" in line)
    assert next(lines)
    with (stack.home / "logs" / "b.log").open("a") as log:
        log.write("a new line\n")
    assert "b          | a new line" in next(line for line in following.stdout if "new line" in line)
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=10)


def test_logs_of_an_unknown_service_are_refused(toy):
    stack = toy(a=server("a", free_port()))
    stack.env["SERVICE"] = "c"

    assert "expected one of a" in stack.run("logs", code=2)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", "Cannot connect to the Docker daemon"),
        ("echo 24.0.7", "Docker Engine 24.0.7 is too old, 25 is needed"),
    ],
)
def test_docker_that_cannot_be_used_means_processes_and_up_says_why(toy, script, reason):
    stack = toy(a=server("a", free_port()))
    docker = stack.folder / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(0o755)
    stack.env |= {"PATH": f"{docker.parent}:{stack.env['PATH']}", "MODE": ""}

    printed = stack.run("up")

    assert reason in printed
    assert "Lantern is up (processes" in printed
    stack.env["MODE"] = "containers"
    stack.run("down")
    assert f"MODE=containers: {reason}" in stack.run("up", code=2).replace("'docker info' fails: ", "")
