"""`docker compose up --build` by itself, on a fresh checkout: a stocked, working, hardened shop."""

import json
import time

import boto3
import docker
import pytest
import requests

from tests.containers.engine import EVERYTHING, SHOP, Checkout
from tests.stacks import new_stack_name
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("docker")
LASTING = sorted(EVERYTHING - {"seed"})
OTHERS = {name: [other for other in SHOP if other != name] for name in SHOP}


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory):
    checkout = Checkout(tmp_path_factory.mktemp("checkout"), new_stack_name("shop"))
    try:
        checkout.compose("up", "--build", "--detach", "--wait", "--wait-timeout", "120")
        yield checkout
    finally:
        checkout.remove()


def run_in(container, script):
    """Run a line of Python in a container, as its own user; returns the exit code and the output."""
    code, output = container.exec_run(["python3", "-c", script])
    return code, output.decode()


def test_every_service_is_up_and_the_shelf_is_stocked(shop):
    states = {name: container.attrs["State"] for name, container in shop.containers().items()}

    assert states.keys() == EVERYTHING
    assert {name: states[name].get("Health", {}).get("Status") for name in LASTING} == dict.fromkeys(
        LASTING, "healthy"
    )
    assert (states["seed"]["Status"], states["seed"]["ExitCode"]) == ("exited", 0)
    assert len(requests.get(f"{shop.url}/api/products", timeout=10).json()["products"]) == 12


def test_order_is_taken_once_and_traced_through_all_services(shop):
    placed = shop.order("containers-1")
    replayed = shop.order("containers-1")

    assert (placed.status_code, replayed.status_code) == (201, 200)
    assert placed.json() == replayed.json()
    trace_id = placed.headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]
    xray = boto3.client(
        "xray",
        endpoint_url=f"http://127.0.0.1:{shop.ports['xray']}",
        region_name="us-east-1",
        aws_access_key_id="laptop",
        aws_secret_access_key="laptop",
    )

    def services():
        traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        documents = [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
        return {document["name"] for document in documents} >= set(SHOP)

    wait_until(services, 15, "segments of all three services")


def test_what_the_containers_write_arrives_in_cloudwatch_logs_and_docker_reads_it_too(shop):
    trace_id = shop.order("containers-logs").headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    logs = boto3.client("logs", endpoint_url=f"http://127.0.0.1:{shop.ports['aws']}", **keys)

    def arrived():
        return all(
            logs.filter_log_events(logGroupName=f"/lantern/{name}", filterPattern=f'"{trace_id}"')["events"]
            for name in SHOP
        )

    wait_until(arrived, 10, "lines of all three services")
    for name in SHOP:
        assert trace_id in shop.compose("logs", name)


def test_a_line_that_docker_cuts_into_pieces_arrives_whole(shop):
    label, words = "com.docker.compose.service", "a" * 16_000 + "b" * 16_000 + "c" * 8_000
    docker.from_env().containers.run(
        shop.containers()["catalog"].image.id,
        ["python3", "-c", "print('a' * 16_000 + 'b' * 16_000 + 'c' * 8_000)"],
        remove=True,
        network_mode="none",
        labels={label: "long"},
        log_config=docker.types.LogConfig(
            type="fluentd",
            config={"fluentd-address": f"127.0.0.1:{shop.ports['logs']}", "labels": label},
        ),
    )
    keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    logs = boto3.client("logs", endpoint_url=f"http://127.0.0.1:{shop.ports['aws']}", **keys)

    def arrived():
        groups = {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}
        if "/lantern/long" not in groups:
            return []
        return [event["message"] for event in logs.filter_log_events(logGroupName="/lantern/long")["events"]]

    assert wait_until(arrived, 10) == [words]


def test_the_console_shows_the_trace_of_an_order_with_its_log_lines(shop):
    trace_id = shop.order("containers-console").headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]

    def page():
        answer = requests.get(f"http://127.0.0.1:{shop.ports['console']}/traces/{trace_id}", timeout=10)
        return answer.text if answer.ok else ""

    wait_until(
        lambda: all('class="who" href="#row-' in page() and f">{name}</bdi>" in page() for name in SHOP), 10
    )


def test_without_the_agent_the_services_run_stop_and_start_all_the_same(shop):
    shop.containers()["logs"].stop()
    try:
        assert shop.order("containers-no-agent").status_code == 201
        began = time.monotonic()
        shop.compose("restart", "catalog")
        assert time.monotonic() - began < 30
        wait_until(lambda: shop.order("containers-no-agent-2").status_code == 201, 60, "the catalog is back")
    finally:
        shop.compose("start", "logs")


def test_shoppers_have_a_page_of_their_own_when_they_are_asked_for(shop):
    shop.compose("--profile", "traffic", "up", "--detach", "--build", "--wait", "traffic")
    try:
        page = f"http://127.0.0.1:{shop.ports['traffic']}"
        assert requests.post(f"{page}/swarm", data={"user_count": 5, "spawn_rate": 5}, timeout=10).json()[
            "success"
        ]

        def counted():
            return requests.get(f"{page}/stats/requests", timeout=10).json()["stats"][-1]

        wait_until(lambda: counted()["num_requests"] > 5, 20, "requests")
        assert counted()["num_failures"] == 0
    finally:
        shop.compose("--profile", "traffic", "rm", "--stop", "--force", "traffic")


@pytest.mark.parametrize("name", LASTING)
def test_container_has_no_more_rights_than_it_needs(shop, name):
    container = shop.containers()[name]
    script = "import os; print(os.getuid(), os.getgid(), open('/proc/self/status').read())"

    code, printed = run_in(container, script)

    assert code == 0, printed
    assert printed.startswith("10001 10001 ")
    facts = dict(line.split(":\t") for line in printed.splitlines() if ":\t" in line)
    assert {facts[kind] for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert facts["NoNewPrivs"] == "1"
    host = container.attrs["HostConfig"]
    assert host["Memory"] > 0
    assert not host["Privileged"]


PROBE_FOLDERS = """
for folder in ("/app", "/venv", "/", "/tmp", "/state"):
    try:
        open(f"{folder}/probe", "w")
    except OSError:
        continue
    print(folder)
"""


@pytest.mark.parametrize("name", LASTING)
def test_container_can_write_to_tmp_and_its_state_only(shop, name):
    container = shop.containers()[name]
    writable = ["/tmp", "/state"] if name in ("aws", "xray") else ["/tmp"]

    code, printed = run_in(container, PROBE_FOLDERS)

    assert (code, printed.split()) == (0, writable)


def test_nothing_is_published_beyond_this_machine(shop):
    for name in LASTING:
        for bindings in shop.containers()[name].attrs["NetworkSettings"]["Ports"].values():
            assert {binding["HostIp"] for binding in bindings or ()} <= {"127.0.0.1"}


@pytest.mark.parametrize("name", SHOP)
def test_every_log_line_is_json(shop, name):
    requests.get(f"http://127.0.0.1:{shop.ports[name]}/openapi.json", timeout=10)

    def lines():
        logged = shop.containers()[name].logs().decode().splitlines()
        return [entry for line in logged if (entry := json.loads(line)).get("route") == "/openapi.json"]

    entry = wait_until(lines, 5)[-1]
    assert entry["service"] == name
    assert entry["status"] == 200


@pytest.mark.parametrize("name", SHOP)
def test_image_holds_one_service_and_no_tools(shop, name):
    container = shop.containers()[name]
    forbidden = [f"/app/services/{other}" for other in OTHERS[name]] + [
        "/venv/bin/pip",
        "/app/tests",
        "/app/local",
    ]

    code, printed = run_in(container, f"import os; print([p for p in {forbidden} if os.path.exists(p)])")

    assert (code, printed.strip()) == (0, "[]")


@pytest.mark.parametrize("name", SHOP)
def test_image_brings_what_the_sdk_needs_to_know(shop, name):
    script = (
        "import boto3; boto3.resource('dynamodb', region_name='eu-west-1'); "
        "[boto3.client(s, region_name='eu-west-1') for s in ('xray', 'sts')]"
    )

    code, printed = run_in(shop.containers()[name], script)

    assert code == 0, printed


def test_image_says_what_it_is_and_runs_by_itself(shop):
    image = docker.from_env().images.get(f"{shop.project}-orders")

    assert image.labels["org.opencontainers.image.title"] == "lantern-orders"
    assert image.labels["org.opencontainers.image.revision"]
    assert image.attrs["Config"]["User"] == "10001:10001"
    assert image.attrs["Config"]["StopSignal"] == "SIGTERM"
    assert "Healthcheck" not in image.attrs["Config"]


def test_images_share_the_layer_of_their_dependencies(shop):
    images = [docker.from_env().images.get(f"{shop.project}-{name}") for name in SHOP]
    layers = [image.attrs["RootFS"]["Layers"] for image in images]

    shared = set(layers[0]) & set(layers[1]) & set(layers[2])

    # All but services/<name> and its bytecode
    assert len(shared) >= len(layers[0]) - 2


def test_killed_service_comes_back(shop):
    container = shop.containers()["catalog"]
    container.exec_run(["python3", "-c", "import os; os.kill(1, 15)"])

    def restarts():
        return shop.containers()["catalog"].attrs["RestartCount"]

    # a graceful stop takes its time, in which the shop is still ready
    wait_until(lambda: restarts() >= 1, 30, "Docker restarts it")
    wait_until(lambda: requests_ok(f"{shop.url}/readyz"), 30, "ready again")


def test_orders_outlive_the_containers(shop):
    placed = shop.order("containers-2")

    shop.compose("down")
    assert shop.leftovers() == []
    shop.compose("up", "--detach", "--wait", "--wait-timeout", "120")

    wait_until(lambda: requests_ok(f"{shop.url}/readyz"), 30)
    kept = requests.get(f"{shop.url}/api/orders/{placed.json()['order_id']}", timeout=10)
    assert kept.json() == placed.json()


def requests_ok(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
