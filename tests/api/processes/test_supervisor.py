"""The supervisor: order, health, restarts, and an end that leaves nothing."""

import json
import os
import signal
import urllib.request

from tests.api.processes.toys import server
from tests.ports import free_port
from tests.waiting import wait_until


def answer(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as response:
        return json.load(response)


def test_service_starts_only_when_what_it_needs_is_healthy_or_done(toy):
    first, last = free_port(), free_port()
    stack = toy(
        first=server("first", first, environment={"NEEDS": "permission"}),
        job={
            "command": ["sh", "-c", "echo worked"],
            "depends_on": {"first": {"condition": "service_healthy"}},
        },
        last=server("last", last, depends_on={"job": {"condition": "service_completed_successfully"}}),
    )
    up = stack.begin("up")
    wait_until(lambda: "503" in stack.log("first") if stack.record() else "", 20, "asked for its health")
    assert (stack.state("first"), stack.state("job"), stack.state("last")) == (
        "starting",
        "waiting",
        "waiting",
    )

    (stack.folder / "permission").touch()
    printed, _ = up.communicate(timeout=20)

    assert up.returncode == 0, printed
    assert (stack.state("first"), stack.state("job"), stack.state("last")) == (
        "healthy",
        "completed",
        "healthy",
    )
    assert stack.log("job") == "worked\n"
    told = [line.split(" ", 2)[2] for line in stack.log("supervisor").splitlines()]
    assert told.index("job: completed") < told.index("last: starting")


def test_what_is_independent_starts_at_the_same_time(toy):
    ports = [free_port() for _ in range(4)]
    stack = toy(**{f"s{n}": server(f"s{n}", port) for n, port in enumerate(ports)})

    stack.run("up")

    told = [line.split(" ", 2)[2] for line in stack.log("supervisor").splitlines()]
    assert told[:4] == [f"s{n}: starting" for n in range(4)]


def test_services_stop_in_the_order_of_the_file_dependents_first(toy):
    stack = toy(
        base=server("base", free_port()),
        page=server("page", free_port()),
        service=server("service", free_port(), depends_on=["base"]),
    )
    stack.run("up")

    stack.run("down")

    assert (stack.folder / "stopped.txt").read_text().split() == ["page", "service", "base"]
    assert stack.alive() == []


def test_service_sees_published_addresses_and_nothing_of_the_users_environment(toy):
    a, b = free_port(), free_port()
    stack = toy(a=server("a", a, environment={"OTHER": "http://b:80/x"}), b=server("b", b))
    stack.env["SECRET_OF_MINE"] = "1"

    stack.run("up")

    seen = answer(a)
    assert seen["OTHER"] == f"http://127.0.0.1:{b}/x"
    assert seen["PORT"] == str(a)
    assert "SECRET_OF_MINE" not in seen
    assert seen["HOME"] == str(stack.home / "state" / "home")


def test_dead_service_is_started_again_and_the_log_says_so(toy):
    port = free_port()
    stack = toy(a=server("a", port))
    stack.run("up")
    before = stack.pid("a")

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: stack.state("a") == "healthy" and stack.pid("a") != before, 10, "it runs again")
    assert "a: restarting (ended with -9, starts again in 0.2 s)" in stack.log("supervisor")
    assert "1 restarts" in stack.run("status")


def test_pauses_between_restarts_grow(toy):
    stack = toy(a={"command": ["sh", "-c", "test ! -e broken && sleep 60"], "restart": "unless-stopped"})
    stack.run("up")
    (stack.folder / "broken").touch()

    os.kill(stack.pid("a"), signal.SIGKILL)

    for pause in ("0.2", "0.4", "0.8"):
        wait_until(lambda pause=pause: f"starts again in {pause} s" in stack.log("supervisor"), 10)


def test_sick_service_is_named_in_the_status(toy):
    stack = toy(a=server("a", free_port(), environment={"NEEDS": "medicine"}))
    (stack.folder / "medicine").touch()
    stack.run("up")

    (stack.folder / "medicine").unlink()

    wait_until(lambda: stack.state("a") == "unhealthy", 15)
    assert "failed its health check 3 times" in stack.run("status")
    (stack.folder / "medicine").touch()
    wait_until(lambda: stack.state("a") == "healthy", 15)


def test_service_that_ignores_sigterm_is_killed_after_its_grace(toy):
    stack = toy(a=server("a", free_port(), environment={"STUBBORN": "1"}, stop_grace_period="300ms"))
    stack.run("up")

    stack.run("down")

    assert "a: stopped (by SIGKILL: it did not end in time)" in stack.log("supervisor")
    assert stack.alive() == []


def test_what_a_service_started_goes_with_it(toy):
    stack = toy(
        a={"command": ["sh", "-c", "python3 server.py & exec python3 server.py"], "restart": "unless-stopped"}
        | {"environment": {"STUBBORN": "1", "PORT": "0"}, "stop_grace_period": "300ms"}
    )
    stack.run("up")
    wait_until(lambda: len(stack.alive()) == 3, 5, "supervisor, service and its own child")

    stack.run("down")

    assert stack.alive() == []


def test_killed_supervisor_takes_its_services_along(toy):
    stack = toy(a=server("a", free_port()), b=server("b", free_port()))
    stack.run("up")

    os.kill(stack.supervisor(), signal.SIGKILL)

    wait_until(lambda: stack.alive() == [], 5, "all gone")
    # They were told by SIGTERM, so each could still put its things in order
    assert sorted((stack.folder / "stopped.txt").read_text().split()) == ["a", "b"]
    assert "not running" in stack.run("status")


def test_what_survived_a_killed_supervisor_is_cleaned_by_the_next_command(toy):
    stack = toy(a=server("a", free_port(), environment={"STUBBORN": "1"}, stop_grace_period="300ms"))
    stack.run("up")
    before = stack.pid("a")
    os.kill(stack.supervisor(), signal.SIGKILL)
    wait_until(lambda: len(stack.alive()) == 1, 5, "only the service lives")

    stack.run("up")

    assert not [process for process in stack.alive() if process.startswith(f"{before} ")]
    stack.run("down")
    assert stack.alive() == []


def test_second_supervisor_is_refused(toy):
    stack = toy(a=server("a", free_port()))
    stack.run("up")

    second = stack.begin("", module="local.processes")
    printed, _ = second.communicate(timeout=20)

    assert second.returncode == 2
    assert "already running" in printed


def test_supervisor_in_the_foreground_ends_by_ctrl_c(toy):
    stack = toy(a=server("a", free_port()))
    foreground = stack.begin("", module="local.processes")
    wait_until(lambda: stack.state("a") == "healthy", 15)

    foreground.send_signal(signal.SIGINT)
    printed, _ = foreground.communicate(timeout=20)

    assert foreground.returncode == 0, printed
    assert stack.alive() == []
