"""The real shop without Docker: a machine with nothing but Python, a clean HOME and no PATH."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import psutil
import pytest
import requests

from tests.ports import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
SHOP = ("storefront", "catalog", "orders")


class Machine:
    """Ports and a folder of its own; `up` and `down` as make runs them."""

    def __init__(self, folder):
        self.home = folder / "lantern"
        self.ports = {name: free_port() for name in (*SHOP, "console", "xray", "otlp", "aws", "logs")}
        self.env = {
            "PATH": str(folder / "nothing-here"),
            "HOME": str(folder / "clean"),
            "LANTERN_DIR": str(self.home),
            "COMPOSE_PROJECT_NAME": folder.name,
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }

    def run(self, command, code=0, **environ):
        done = subprocess.run(
            [sys.executable, "-m", "local.stack", command],
            cwd=ROOT,
            env=self.env | environ,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def url(self, name="storefront"):
        return f"http://127.0.0.1:{self.ports[name]}"

    def order(self, key):
        return requests.post(
            f"{self.url()}/api/orders",
            json={"items": [{"sku": "bamboo-festival-lantern", "quantity": 1}]},
            headers={"Idempotency-Key": key},
            timeout=30,
        )

    def is_ready(self):
        try:
            return requests.get(f"{self.url()}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def supervisor(self):
        return psutil.Process(json.loads((self.home / "processes.json").read_text())["supervisor"]["pid"])

    def family(self):
        """The supervisor and everything below it."""
        return [self.supervisor(), *self.supervisor().children(recursive=True)]


def living(processes):
    return [process for process in processes if is_living(process)]


def is_living(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


@pytest.fixture(scope="module", name="machine")
def _machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine"))
    yield machine
    machine.run("down")


@pytest.fixture(name="shop")
def _shop(machine):
    machine.run("up")
    return machine


def test_without_docker_up_says_so_and_opens_the_shop(machine):
    printed = machine.run("up")

    assert "No Docker engine answers (there is no docker command)" in printed
    assert "Lantern is up (processes, version 0.1.0" in printed
    assert machine.url() in printed
    assert machine.is_ready()
    assert "already up (processes); nothing was changed" in machine.run("up")


def test_order_is_taken_and_traced(shop):
    placed = shop.order("processes-1")

    assert placed.status_code == 201
    trace_id = placed.headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]
    xray = boto3.client(
        "xray",
        endpoint_url=shop.url("xray"),
        region_name="us-east-1",
        aws_access_key_id="laptop",
        aws_secret_access_key="laptop",
    )

    def services():
        traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        documents = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
        return {document["name"] for document in documents} >= set(SHOP)

    wait_until(services, 15, "segments of all three services")


def test_what_the_processes_write_arrives_in_cloudwatch_logs_and_the_shop_needs_no_agent(shop):
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    logs = boto3.client("logs", endpoint_url=shop.url("aws"), **keys)

    def arrived(trace_id):
        return all(
            logs.filter_log_events(logGroupName=f"/lantern/{name}", filterPattern=f'"{trace_id}"')["events"]
            for name in SHOP
        )

    def order(key):
        placed = shop.order(key)
        assert placed.status_code == 201
        return placed.headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]

    first = order("processes-logs-1")
    wait_until(lambda: arrived(first), 5, "lines of all services")
    agent = next(process for process in shop.family() if process.cmdline()[-1:] == ["local.cloudwatch"])
    agent.suspend()
    second = order("processes-logs-2")
    agent.kill()
    wait_until(lambda: arrived(second), 15, "what was written while there was no agent")


def test_everything_listens_on_this_machine_only(shop):
    family = shop.family()

    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in family
        for connection in connections(process)
        if connection.status == psutil.CONN_LISTEN
        or (connection.status == psutil.CONN_NONE and not connection.raddr)
    }

    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    assert {port for _, port in listening} >= set(shop.ports.values())
    assert len({port for _, port in listening if port < 32768}) <= len(shop.ports)


def connections(process):
    try:
        return process.net_connections(kind="inet")
    except psutil.NoSuchProcess:  # a health check's, which has ended since
        return []


def test_log_lines_of_the_services_are_json(shop):
    for name in SHOP:
        lines = (shop.home / "logs" / f"{name}.log").read_text().splitlines()
        assert {json.loads(line)["service"] for line in lines} == {name}


def test_killed_service_comes_back(shop):
    catalog = json.loads((shop.home / "processes.json").read_text())["services"]["catalog"]["process"]["pid"]

    os.kill(catalog, signal.SIGKILL)

    wait_until(lambda: not shop.is_ready() or "restarting" in shop.run("status"), 10, "it was missed")
    wait_until(shop.is_ready, 20, "ready again")


def test_down_leaves_no_process_and_orders_are_there_again_after_up(shop):
    placed = shop.order("processes-2")
    family = shop.family()

    shop.run("down")

    assert living(family) == []
    shop.run("up")
    kept = requests.get(f"{shop.url()}/api/orders/{placed.json()['order_id']}", timeout=10)
    assert kept.json() == placed.json()


def test_killed_supervisor_takes_the_whole_shop_along_and_orders_survive(shop):
    placed = shop.order("processes-3")
    family = shop.family()
    assert len(family) >= 9

    family[0].kill()

    wait_until(lambda: not living(family), 15, "all gone")
    shop.run("up")
    assert (
        requests.get(f"{shop.url()}/api/orders/{placed.json()['order_id']}", timeout=10).json()
        == placed.json()
    )


def test_wrong_setting_is_told_and_nothing_is_left(machine):
    machine.run("down")

    printed = machine.run("up", code=1, LOG_LEVEL="LOUD")

    assert "ended with exit code 3 while starting" in printed
    assert "LOG_LEVEL='LOUD'" in printed
    assert "not running" in machine.run("status")
    for name in machine.ports:
        with pytest.raises(requests.ConnectionError):
            requests.get(machine.url(name), timeout=2)
