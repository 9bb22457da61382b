"""The load balancer against a real HAProxy on free ports, with small servers as targets."""

import contextlib
import http.client
import re
import socket
import subprocess
import threading
import time
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.haproxy import ADMIN, SLOTS, configuration, listener_name, map_lines
from local.pipeline.load_balancing.load_balancer import BalancerError, LoadBalancer
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("haproxy")
BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
ASKED = 1000
ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")


class Targets:
    """A target group's server, at every address: answers with the group's name and the trace header."""

    def __init__(self, group):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet

            def do_GET(self):
                if self.path == "/slow":
                    targets.began.set()
                    assert targets.go_on.wait(20)
                body = f"{group} {self.headers.get('X-Amzn-Trace-Id', '')}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        targets, self.began, self.go_on = self, threading.Event(), threading.Event()
        self.server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a health check hangs up as soon as it has its status
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()


class Balanced:
    """orders' listener and its target groups, as the templates have them, on ports that are free here."""

    def __init__(self, folder, blue, green):
        with contextlib.ExitStack() as stack:  # all held at once, so that they differ
            sockets = [stack.enter_context(socket.create_server(("", 0))) for _ in range(2)]
            self.port, test_port = (one.getsockname()[1] for one in sockets)
        whole = read()
        group = whole.groups["orders"]
        self.group = replace(
            group,
            blue=replace(group.blue, port=blue.port),
            green=replace(group.green, port=green.port),
            production=replace(group.production, port=self.port),
            test=replace(group.test, port=test_port),
        )
        self.folder, self.ports = folder, {BLUE: blue.port, GREEN: green.port}
        text = configuration(replace(whole, groups={"orders": self.group}), Clock(600), folder)
        (folder / "haproxy.cfg").write_text(text)
        for one in (self.group.production, self.group.test):
            lines = map_lines({one.target_group: 100})
            (folder / f"{listener_name(one.name)}.map").write_text("\n".join(lines) + "\n")
        self.balancer = LoadBalancer(folder)
        self.start()

    def start(self):
        with (self.folder / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                ["haproxy", "-f", str(self.folder / "haproxy.cfg")], stdout=errors, stderr=errors
            )
        wait_until(self.answers, 10, "HAProxy answers")

    def answers(self):
        assert self.process.poll() is None, (self.folder / "errors").read_text()
        with contextlib.suppress(BalancerError):
            return self.balancer.started()

    def stop(self):
        self.process.kill()
        self.process.wait()
        (self.folder / ADMIN).unlink(missing_ok=True)

    def register(self, group, *addresses):
        self.balancer.register(group, addresses, self.ports[group])

    def states(self, group):
        return {
            one.address: one.state
            for one in self.balancer.targets()
            if one.group == group and one.state != "free"
        }

    def healthy(self, group, *addresses):
        """Have these be the group's targets, all healthy."""
        self.register(group, *addresses)
        for one in self.balancer.targets():
            if (one.group, one.state) == (group, "draining"):
                self.balancer.release(one)
        wanted = dict.fromkeys(addresses, "healthy")
        wait_until(lambda: self.states(group) == wanted, 10, f"{group}: {wanted}")

    def ask(self, times=1, path="/", **headers):
        """What so many requests on one connection are answered with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        answers = []
        for _ in range(times):
            connection.request("GET", path, headers=headers)
            answers.append(connection.getresponse().read().decode())
        connection.close()
        return answers


@pytest.fixture(name="servers", scope="module")
def _servers():
    servers = {name: Targets(name) for name in (BLUE, GREEN)}
    yield servers
    for one in servers.values():
        one.close()


@pytest.fixture(name="balanced", scope="module")
def _balanced(tmp_path_factory, servers):
    balanced = Balanced(tmp_path_factory.mktemp("balancer"), servers[BLUE], servers[GREEN])
    yield balanced
    balanced.stop()


@pytest.fixture(name="two")
def _two(balanced):
    """One target in each group, all traffic to blue."""
    balanced.healthy(BLUE, "127.0.0.1")
    balanced.healthy(GREEN, "127.0.0.1")
    balanced.balancer.weigh(balanced.group.production.name, {BLUE: 100})
    return balanced


@pytest.mark.parametrize("green", [0, 10, 100])
def test_requests_are_shared_by_the_weights(two, green):
    two.balancer.weigh(two.group.production.name, {BLUE: 100 - green, GREEN: green})

    found = Counter(answer.split()[0] for answer in two.ask(ASKED))

    expected = ASKED * green / 100
    slack = 5 * (ASKED * green / 100 * (1 - green / 100)) ** 0.5  # five standard deviations
    assert abs(found[GREEN] - expected) <= slack, found
    assert sum(found.values()) == ASKED


def test_a_trace_header_is_added_where_it_lacks_and_each_is_another(two):
    before = int(time.time())

    roots = [answer.partition(" ")[2] for answer in two.ask(20)]

    assert all(ROOT.fullmatch(root) for root in roots), roots
    assert len(set(roots)) == 20
    assert all(before <= int(root.split("-")[1], 16) <= time.time() for root in roots)


def test_a_trace_header_that_is_there_is_kept(two):
    header = "Root=1-6b49d200-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"

    assert two.ask(**{"X-Amzn-Trace-Id": header}) == [f"{BLUE} {header}"]


def test_a_target_is_unhealthy_at_first_and_gets_no_request_before_its_first_checks(balanced):
    balanced.healthy(BLUE, "127.0.0.1")

    balanced.register(BLUE, "127.0.0.1", "127.0.0.2")

    assert balanced.states(BLUE) == {"127.0.0.1": "healthy", "127.0.0.2": "unhealthy"}
    wait_until(lambda: balanced.states(BLUE)["127.0.0.2"] == "healthy", 10)


def test_registering_twice_changes_nothing(balanced):
    balanced.healthy(BLUE, "127.0.0.1", "127.0.0.2")
    before = balanced.balancer.targets()

    balanced.register(BLUE, "127.0.0.2", "127.0.0.1")

    assert [(one.slot, one.state) for one in balanced.balancer.targets()] == [
        (one.slot, one.state) for one in before
    ]


def test_a_target_that_is_left_out_drains_finishes_its_requests_and_leaves(two, servers):
    answered = []
    waiting = threading.Thread(target=lambda: answered.extend(two.ask(path="/slow")))
    waiting.start()
    assert servers[BLUE].began.wait(10)

    two.register(BLUE, "127.0.0.2")
    draining = next(one for one in two.balancer.targets() if one.state == "draining")
    servers[BLUE].go_on.set()
    waiting.join(10)
    after = wait_until(
        lambda: [
            one
            for one in two.balancer.targets()
            if one.slot == draining.slot and one.group == BLUE and not one.requests
        ]
    )[0]
    two.balancer.release(after)

    assert (draining.address, draining.requests) == ("127.0.0.1", 1)
    assert answered[0].startswith(BLUE)
    assert "127.0.0.1" not in two.states(BLUE)


def test_an_address_that_drains_and_is_a_new_tasks_again_starts_anew_in_its_place(balanced):
    balanced.healthy(BLUE, "127.0.0.1", "127.0.0.2")
    balanced.register(BLUE, "127.0.0.1")

    balanced.healthy(BLUE, "127.0.0.1", "127.0.0.2")

    addresses = [
        one.address for one in balanced.balancer.targets() if one.group == BLUE and one.state != "free"
    ]
    assert sorted(addresses) == ["127.0.0.1", "127.0.0.2"]


def test_more_targets_than_places_are_refused(balanced):
    with pytest.raises(BalancerError, match=f"more than {SLOTS}"):
        balanced.register(GREEN, *(f"127.0.1.{number}" for number in range(SLOTS + 1)))


def test_a_restarted_load_balancer_is_another_one_and_takes_everything_again(two):
    two.balancer.weigh(two.group.production.name, {GREEN: 100})
    before = two.balancer.started()

    two.stop()
    with pytest.raises(BalancerError, match="does not answer"):
        two.balancer.targets()
    two.start()
    after = two.balancer.started()
    two.balancer.forget()
    two.healthy(GREEN, "127.0.0.1")
    two.balancer.weigh(two.group.production.name, {GREEN: 100})

    assert before != after
    assert {answer.split()[0] for answer in two.ask(20)} == {GREEN}


def test_a_listener_that_nobody_knows_is_named(balanced):
    with pytest.raises(BalancerError, match=r"HAProxy knows no Payments\.map"):
        balanced.balancer.weigh("Payments", {BLUE: 100})
