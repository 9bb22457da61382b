"""The log agent as a process, before the real local AWS."""

import json
import re
import signal
import socket
import sys
import time
from contextlib import closing, suppress

import boto3
import pytest

from local.processes import forwarding
from tests.ports import free_port
from tests.shop import CLEAN, CREDENTIALS, Part, running
from tests.waiting import open_connections, wait_until

LINES, SENDERS = 30_000, ("storefront", "catalog", "orders")  # three seconds of 10,000 a second


@pytest.fixture(scope="module", name="aws")
def _aws(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("aws"), free_port()
    environ = {**CLEAN, "PORT": str(port), "STATE_DIR": str(folder / "state")}
    part = Part("aws", [sys.executable, "-m", "local.ministack"], environ, folder / "aws.log", port)
    part.start()
    try:
        wait_until(lambda: part.answers("/_lantern/health"), 20)
        yield part
    finally:
        part.stop()


@pytest.fixture(name="agent")
def _agent(aws, tmp_path):
    part = start_agent(aws.url, tmp_path)
    yield part
    part.stop()


def start_agent(aws_url, folder, **settings):
    port = free_port()
    environ = {**CLEAN, **CREDENTIALS, "LOGS_PORT": str(port), "AWS_ENDPOINT_URL": aws_url, **settings}
    part = Part(
        "logs", [sys.executable, "-m", "local.cloudwatch"], environ, folder / f"agent-{port}.log", port
    )
    part.start()
    wait_until(lambda: is_open(part), 10)
    return part


def is_open(part):
    assert part.is_running, part.log.read_text()
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", part.port)) == 0


def client(aws, service):
    keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=aws.url, **keys)


def texts(aws, service, pattern=""):
    """Every line of a service, in the order of the store."""
    logs, group = client(aws, "logs"), f"/lantern/{service}"
    try:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    messages = []
    for name in sorted(stream["logStreamName"] for stream in streams):
        request = {"logGroupName": group, "logStreamName": name, "startFromHead": True}
        page = logs.get_log_events(**request)
        while page["events"]:
            messages += [event["message"] for event in page["events"]]
            page = logs.get_log_events(**request, nextToken=page["nextForwardToken"])
    return [message for message in messages if pattern in message]


def send(agent, service, *lines, source="1"):
    with socket.create_connection(("127.0.0.1", agent.port)) as connection:
        connection.sendall(b"".join(forwarding.message(service, source, line) for line in lines))


def total(aws, name, service):
    """The sum of one of the agent's own metrics."""
    now = time.time()
    statistics = client(aws, "cloudwatch").get_metric_statistics(
        Namespace="Lantern/Logs",
        MetricName=name,
        Dimensions=[{"Name": "LogGroup", "Value": f"/lantern/{service}"}],
        StartTime=now - 600,
        EndTime=now + 120,
        Period=60,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in statistics["Datapoints"])


def test_ten_thousand_lines_a_second_arrive_complete_and_in_order_per_service(aws, agent):
    sockets = {name: socket.create_connection(("127.0.0.1", agent.port)) for name in SENDERS}
    began = time.monotonic()
    for n in range(0, LINES, 300):
        for name, connection in sockets.items():
            some = range(n // 3, n // 3 + 100)
            connection.sendall(
                b"".join(forwarding.message(name, "rush", json.dumps({"n": k, "rush": 1})) for k in some)
            )
        time.sleep(max(0.0, began + n / 10_000 - time.monotonic()))
    for connection in sockets.values():
        connection.close()

    for name in SENDERS:
        wait_until(lambda name=name: len(texts(aws, name, '"rush"')) >= LINES / 3, 20, f"all lines of {name}")
        assert [json.loads(text)["n"] for text in texts(aws, name, '"rush"')] == list(range(LINES // 3))


def test_lines_that_are_no_json_arrive_as_they_are(aws, agent):
    odd = [
        "Traceback (most recent call last):",
        "\x1b[31mred\x1b[0m",
        "nul\x00",
        "{",
        "  indented",
        "x" * 300_000,
    ]

    send(agent, "odd", *odd)

    wait_until(lambda: len(texts(aws, "odd")) == len(odd), 5)
    assert texts(aws, "odd") == odd


def test_what_is_not_the_protocol_ends_its_connection_only(aws, agent):
    with socket.create_connection(("127.0.0.1", agent.port)) as garbage:
        garbage.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        garbage.settimeout(5)
        with suppress(ConnectionResetError):
            assert garbage.recv(1) == b""

    send(agent, "after-garbage", "here")

    wait_until(lambda: texts(aws, "after-garbage") == ["here"], 5)


def test_lines_wait_while_cloudwatch_is_away_and_too_many_are_counted_exactly(aws, tmp_path):
    aws.signal(signal.SIGSTOP)
    agent = start_agent(aws.url, tmp_path, LOGS_MAX_MB="1")
    try:
        send(agent, "bounded", *(f"{n:06d} {'x' * 200}" for n in range(10_000)))
        wait_until(lambda: not open_connections(agent.port), 10, "the agent has read the lines")
    finally:
        aws.signal(signal.SIGCONT)

    try:
        wait_until(lambda: total(aws, "Received", "bounded") == 10_000, 25, "the agent's own counts")
        wait_until(
            lambda: total(aws, "Delivered", "bounded") + total(aws, "Dropped", "bounded") == 10_000, 25
        )
    finally:
        agent.stop()
    arrived = texts(aws, "bounded")
    assert len(arrived) == total(aws, "Delivered", "bounded") < 10_000
    assert [int(text[:6]) for text in arrived] == list(range(len(arrived)))  # the first ones, in order


def test_queued_lines_of_every_process_are_delivered_before_the_agent_stops(aws, tmp_path):
    agent = start_agent(aws.url, tmp_path)
    aws.signal(signal.SIGSTOP)  # so that nothing can be delivered before the agent is told to stop
    try:
        send(agent, "last-words", "of the first process")
        send(agent, "last-words", "of the second process", source="2")
        wait_until(lambda: not open_connections(agent.port), 10, "the agent has read the lines")
        agent.terminate()
    finally:
        aws.signal(signal.SIGCONT)

    assert agent.process.wait(15) == 0

    assert texts(aws, "last-words") == ["of the first process", "of the second process"]


def test_an_old_stream_goes_when_a_group_has_grown(aws, agent):
    logs = client(aws, "logs")
    logs.create_log_group(logGroupName="/lantern/grown")
    for number in range(12):
        logs.create_log_stream(logGroupName="/lantern/grown", logStreamName=f"old/2020{number:04d}")

    send(agent, "grown", "new")

    def names():
        return [
            stream["logStreamName"]
            for stream in logs.describe_log_streams(logGroupName="/lantern/grown")["logStreams"]
        ]

    wait_until(lambda: len(names()) <= 8, 5)
    assert "old/20200011" in names()
    assert "old/20200000" not in names()
    wait_until(lambda: "new" in texts(aws, "grown"), 5)


@pytest.mark.parametrize("variable", ["LOGS_PORT", "LOGS_MAX_MB"])
def test_a_wrong_variable_is_named(aws, tmp_path, variable):
    environ = {**CLEAN, **CREDENTIALS, variable: "many"}
    part = Part("logs", [sys.executable, "-m", "local.cloudwatch"], environ, tmp_path / "log", 0)
    part.start()

    assert part.process.wait(10) == 2
    assert re.search(rf"{variable}='many'.*expected", part.log.read_text())


def test_a_taken_port_is_named(agent, aws, tmp_path):
    environ = {**CLEAN, **CREDENTIALS, "LOGS_PORT": str(agent.port)}
    part = Part("logs", [sys.executable, "-m", "local.cloudwatch"], environ, tmp_path / "log", 0)
    part.start()

    assert part.process.wait(10) == 1
    assert "LOGS_PORT" in part.log.read_text()


def test_an_orders_lines_are_found_by_its_trace_id_within_two_seconds_and_its_metrics_follow(tmp_path):
    with running(tmp_path, "logs") as shop:
        shop.order("paper-moon-lantern", "warm")
        wait_until(lambda: texts(shop["aws"], "orders", "POST /orders"), 5)
        placed = shop.order("paper-moon-lantern", "key-of-the-logs")
        trace_id = placed.headers["X-Amzn-Trace-Id"].split("Root=")[1].split(";")[0]

        logs = shop.client("logs")
        for service in SENDERS:
            wait_until(
                lambda service=service: logs.filter_log_events(
                    logGroupName=f"/lantern/{service}", filterPattern=f'"{trace_id}"'
                )["events"],
                2,
                f"the order's lines of {service}",
            )
        dimensions = [{"Name": "Service", "Value": "orders"}, {"Name": "Version", "Value": "1.0.0-test"}]

        def placed_orders():
            now = time.time()
            points = shop.client("cloudwatch").get_metric_statistics(
                Namespace="Lantern",
                MetricName="OrdersPlaced",
                Dimensions=dimensions,
                StartTime=now - 300,
                EndTime=now + 60,
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
            return sum(point["Sum"] for point in points)

        wait_until(lambda: placed_orders() == 2, 10)
        shop["logs"].kill()
        assert shop.order("paper-moon-lantern", "without-the-agent").status_code == 201
