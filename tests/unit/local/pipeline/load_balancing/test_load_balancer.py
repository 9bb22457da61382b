"""The load balancer against a real HAProxy on free ports, with small servers as targets."""

import contextlib
import http.client
import json
import re
import socket
import subprocess
import threading
import time
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.awsapi.account import ACCOUNT
from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.haproxy import (
    ADMIN_SOCKET,
    HEAD,
    SLOTS,
    configuration,
    map_file,
    map_lines,
    relay,
)
from local.pipeline.load_balancing.load_balancer import LoadBalancer, LoadBalancerError
from tests.ports import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("haproxy")
BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
REQUESTS = 1000
ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")


class TargetServer:
    """A target group's server, at every address: answers with the group's name and the trace header."""

    def __init__(self, group):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet

            def do_GET(self):
                if self.path == "/slow":
                    server.began.set()
                    assert server.go_on.wait(20)
                body = f"{group} {self.headers.get('X-Amzn-Trace-Id', '')}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server, self.began, self.go_on = self, threading.Event(), threading.Event()
        self.http_server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.http_server.daemon_threads = True
        self.http_server.handle_error = lambda *_: (
            None
        )  # a health check hangs up as soon as it has its status
        self.port = self.http_server.server_address[1]
        threading.Thread(target=self.http_server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.go_on.set()
        self.http_server.shutdown()
        self.http_server.server_close()


class RunningHaproxy:
    """orders' listener and its target groups, as the templates have them, on ports that are free here."""

    def __init__(self, folder, blue, green):
        with contextlib.ExitStack() as stack:  # all held at once, so that they differ
            listening = [stack.enter_context(socket.create_server(("", 0))) for _ in range(2)]
            self.port, test_port = (sock.getsockname()[1] for sock in listening)
        architecture = read()
        group = architecture.groups["orders"]
        self.group = replace(
            group,
            blue=replace(group.blue, port=blue.port),
            green=replace(group.green, port=green.port),
            production=replace(group.production, port=self.port),
            test=replace(group.test, port=test_port),
        )
        self.folder, self.ports = folder, {BLUE: blue.port, GREEN: green.port}
        text = configuration(replace(architecture, groups={"orders": self.group}), Clock(600), folder)
        (folder / "haproxy.cfg").write_text(text)
        for listener in (self.group.production, self.group.test):
            lines = map_lines({listener.target_group: 100})
            map_file(listener.name, folder).write_text("\n".join(lines) + "\n")
        self.load_balancer = LoadBalancer(folder)
        self.start()

    def start(self):
        with (self.folder / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                ["haproxy", "-f", str(self.folder / "haproxy.cfg")], stdout=errors, stderr=errors
            )
        wait_until(self.answers, 10, "HAProxy answers")

    def answers(self):
        assert self.process.poll() is None, (self.folder / "errors").read_text()
        with contextlib.suppress(LoadBalancerError):
            return self.load_balancer.process()

    def stop(self):
        self.process.kill()
        self.process.wait()
        (self.folder / ADMIN_SOCKET).unlink(missing_ok=True)

    def register(self, group, *addresses):
        self.load_balancer.register(group, addresses, self.ports[group])

    def states(self, group):
        return {
            target.address: target.state
            for target in self.load_balancer.targets()
            if target.group == group and target.state != "free"
        }

    def healthy(self, group, *addresses):
        """Register these addresses only, and wait until all are healthy."""
        self.register(group, *addresses)
        for target in self.load_balancer.targets():
            if (target.group, target.state) == (group, "draining"):
                self.load_balancer.release(target)
        expected = dict.fromkeys(addresses, "healthy")
        wait_until(lambda: self.states(group) == expected, 10, f"{group}: {expected}")

    def get(self, times=1, path="/", **headers):
        """The answers to so many requests on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        answers = []
        for _ in range(times):
            connection.request("GET", path, headers=headers)
            answers.append(connection.getresponse().read().decode())
        connection.close()
        return answers


@pytest.fixture(name="servers", scope="module")
def _servers():
    servers = {name: TargetServer(name) for name in (BLUE, GREEN)}
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture(name="haproxy", scope="module")
def _haproxy(tmp_path_factory, servers):
    haproxy = RunningHaproxy(tmp_path_factory.mktemp("balancer"), servers[BLUE], servers[GREEN])
    yield haproxy
    haproxy.stop()


@pytest.fixture(name="blue_only")
def _blue_only(haproxy):
    """One target in each group, all traffic to blue."""
    haproxy.healthy(BLUE, "127.0.0.1")
    haproxy.healthy(GREEN, "127.0.0.1")
    haproxy.load_balancer.set_weights(haproxy.group.production.name, {BLUE: 100})
    return haproxy


@pytest.mark.parametrize("green", [0, 10, 100])
def test_requests_are_shared_by_the_weights(blue_only, green):
    blue_only.load_balancer.set_weights(blue_only.group.production.name, {BLUE: 100 - green, GREEN: green})

    counts = Counter(answer.split()[0] for answer in blue_only.get(REQUESTS))

    expected = REQUESTS * green / 100
    slack = 5 * (REQUESTS * green / 100 * (1 - green / 100)) ** 0.5  # five standard deviations
    assert abs(counts[GREEN] - expected) <= slack, counts
    assert sum(counts.values()) == REQUESTS


def test_a_request_without_a_trace_header_gets_one_of_its_own(blue_only):
    before = int(time.time())

    roots = [answer.partition(" ")[2] for answer in blue_only.get(20)]

    assert all(ROOT.fullmatch(root) for root in roots), roots
    assert len(set(roots)) == 20
    assert all(before <= int(root.split("-")[1], 16) <= time.time() for root in roots)


def test_a_trace_header_of_the_clients_is_kept(blue_only):
    header = "Root=1-6b49d200-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"

    assert blue_only.get(**{"X-Amzn-Trace-Id": header}) == [f"{BLUE} {header}"]


def test_a_target_is_unhealthy_at_first_and_gets_no_request_before_its_first_checks(haproxy):
    haproxy.healthy(BLUE, "127.0.0.1")

    haproxy.register(BLUE, "127.0.0.1", "127.0.0.2")

    assert haproxy.states(BLUE) == {"127.0.0.1": "healthy", "127.0.0.2": "unhealthy"}
    wait_until(lambda: haproxy.states(BLUE)["127.0.0.2"] == "healthy", 10)


def test_registering_twice_changes_nothing(haproxy):
    haproxy.healthy(BLUE, "127.0.0.1", "127.0.0.2")
    before = haproxy.load_balancer.targets()

    haproxy.register(BLUE, "127.0.0.2", "127.0.0.1")

    assert [(target.slot, target.state) for target in haproxy.load_balancer.targets()] == [
        (target.slot, target.state) for target in before
    ]


def test_a_target_that_is_deregistered_drains_until_its_requests_are_over(blue_only, servers):
    answered = []
    waiting = threading.Thread(target=lambda: answered.extend(blue_only.get(path="/slow")))
    waiting.start()
    assert servers[BLUE].began.wait(10)

    blue_only.register(BLUE, "127.0.0.2")
    draining = next(target for target in blue_only.load_balancer.targets() if target.state == "draining")
    servers[BLUE].go_on.set()
    waiting.join(10)
    after = wait_until(
        lambda: [
            target
            for target in blue_only.load_balancer.targets()
            if target.slot == draining.slot and target.group == BLUE and not target.requests
        ]
    )[0]
    blue_only.load_balancer.release(after)

    assert (draining.address, draining.requests) == ("127.0.0.1", 1)
    assert answered[0].startswith(BLUE)
    assert "127.0.0.1" not in blue_only.states(BLUE)


def test_a_draining_address_that_is_registered_again_starts_anew_in_its_slot(haproxy):
    haproxy.healthy(BLUE, "127.0.0.1", "127.0.0.2")
    haproxy.register(BLUE, "127.0.0.1")

    haproxy.healthy(BLUE, "127.0.0.1", "127.0.0.2")

    addresses = [
        target.address
        for target in haproxy.load_balancer.targets()
        if target.group == BLUE and target.state != "free"
    ]
    assert sorted(addresses) == ["127.0.0.1", "127.0.0.2"]


def test_more_targets_than_slots_are_refused(haproxy):
    with pytest.raises(LoadBalancerError, match=f"more than {SLOTS}"):
        haproxy.register(GREEN, *(f"127.0.1.{number}" for number in range(SLOTS + 1)))


def test_a_restarted_haproxy_is_noticed_and_takes_targets_and_weights_again(blue_only):
    blue_only.load_balancer.set_weights(blue_only.group.production.name, {GREEN: 100})
    before = blue_only.load_balancer.process()

    blue_only.stop()
    with pytest.raises(LoadBalancerError, match="does not answer"):
        blue_only.load_balancer.targets()
    blue_only.start()
    after = blue_only.load_balancer.process()
    blue_only.load_balancer.forget_weights()
    blue_only.healthy(GREEN, "127.0.0.1")
    blue_only.load_balancer.set_weights(blue_only.group.production.name, {GREEN: 100})

    assert before != after
    assert {answer.split()[0] for answer in blue_only.get(20)} == {GREEN}


def test_an_unknown_listener_is_named(haproxy):
    with pytest.raises(LoadBalancerError, match=r"HAProxy knows no Payments\.map"):
        haproxy.load_balancer.set_weights("Payments", {BLUE: 100})


LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 200),
        ("/", {"Host": "localhost:8090"}, 200),
        ("/", {"Host": "catalog.lantern.internal:8081"}, 200),
        ("/", {"Host": "lantern-public"}, 200),
        ("/", {"Host": "[::1]:8090"}, 200),
        ("/", {"Host": "evil.example"}, 403),
        ("/", {"Host": "127.0.0.1.evil.example:8090"}, 403),
        ("/", {"Host": "127.0.0.1:8090", "Origin": "http://127.0.0.1:8090"}, 200),
        ("/", {"Host": "127.0.0.1:8090", "Origin": "http://127.0.0.1:8080"}, 403),
        ("/", {"Host": "127.0.0.1:8090", "Origin": "null"}, 403),
        ("/api", {"Host": "127.0.0.1:8090", "Referer": "http://127.0.0.1:8090/?a=b"}, 200),
        ("/api", {"Host": "127.0.0.1:8090", "Referer": "http://127.0.0.1:8080/"}, 403),
        ("/", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("/", {"Sec-Fetch-Site": "none"}, 200),
        ("/", {"Sec-Fetch-Site": "same-site"}, 403),
        ("/", LINK, 200),
        ("/", LINK | {"Referer": "http://elsewhere.example/"}, 200),
        ("/", LINK | {"Sec-Fetch-Dest": "iframe"}, 403),
        ("/api", LINK, 403),
    ],
)
def test_a_listener_refuses_foreign_pages_but_for_a_link_to_the_shop(blue_only, path, headers, status):
    connection = http.client.HTTPConnection("127.0.0.1", blue_only.port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    connection.close()

    assert answer.status == status


@pytest.fixture(name="relay_port", scope="module")
def _relay(tmp_path_factory, servers):
    """The relay of lifecycle hooks before a server in the pipeline's place."""
    folder = tmp_path_factory.mktemp("relay")
    port = free_port()
    text = HEAD.format(folder=folder) + relay(f"127.0.0.1:{servers[BLUE].port}", port)
    (folder / "haproxy.cfg").write_text(text)
    process = subprocess.Popen(["haproxy", "-f", str(folder / "haproxy.cfg")])
    wait_until((folder / ADMIN_SOCKET).exists, 10, "HAProxy listens")
    yield port
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/v4/{'7' * 32}/task", 200),
        ("POST", f"/v4/{'7' * 32}/task", 403),
        ("GET", f"/v4/{'7' * 32}/stats", 403),
        ("GET", '/v4/7"/task', 403),
    ],
)
def test_the_relay_tells_a_task_its_id_as_ecss_metadata_do(relay_port, method, path, status):
    connection = http.client.HTTPConnection("127.0.0.1", relay_port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()

    assert answer.status == status
    if status == 200:
        task_arn = json.loads(body)["TaskARN"]
        assert task_arn == f"arn:aws:ecs:us-east-1:{ACCOUNT}:task/lantern/{'7' * 32}"


CODEDEPLOY, CODEPIPELINE = "CodeDeploy_20141006", "CodePipeline_20150709"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("path", "headers", "body", "is_passed_on"),
    [
        ("/", {"X-Amz-Target": f"{CODEDEPLOY}.GetDeployment"}, "{}", True),
        ("/", {"X-Amz-Target": f"{CODEDEPLOY}.PutLifecycleEventHookExecutionStatus"}, "{}", True),
        ("/", FORM, "Action=DescribeNetworkInterfaces&Version=2016-11-15", True),
        ("/", {"X-Amz-Target": f"{CODEDEPLOY}.CreateDeployment"}, "{}", False),
        ("/", {"X-Amz-Target": f"{CODEPIPELINE}.StartPipelineExecution"}, "{}", False),
        (
            "/",
            FORM | {"X-Amz-Target": f"{CODEPIPELINE}.StartPipelineExecution"},
            "Action=DescribeNetworkInterfaces",
            False,
        ),
        ("/", FORM, "Action=RunInstances", False),
        ("/", {}, "", False),
        ("/v1/repos/lantern/git-receive-pack", {"X-Amz-Target": f"{CODEDEPLOY}.GetDeployment"}, "{}", False),
        ("/v1/repos/lantern/git-receive-pack", FORM, "Action=DescribeNetworkInterfaces", False),
        ("/_lantern/snapshot", {}, "", False),
    ],
)
def test_the_relay_passes_on_what_hooks_ask_and_nothing_else(relay_port, path, headers, body, is_passed_on):
    connection = http.client.HTTPConnection("127.0.0.1", relay_port, timeout=20)
    connection.request("POST", path, body, headers)
    status = connection.getresponse().status
    connection.close()

    assert (status != 403) == is_passed_on
