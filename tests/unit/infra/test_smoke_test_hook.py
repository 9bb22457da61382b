"""The lifecycle hook: it tests a new version as configured, and CodeDeploy always gets a result."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.stub import Stubber

from infra.lambdas import smoke_test


class Context:
    """What Lambda tells a function: the milliseconds that are left of its time."""

    def __init__(self, left_s=180):
        self._left_s = left_s

    def get_remaining_time_in_millis(self):
        return self._left_s * 1000


EVENT = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "hook-1"}


@pytest.fixture(name="green")
def _green():
    """A new version on a real socket; a test sets what it answers."""
    answers = {"/version": (200, '{"service": "orders"}'), "/readyz": (200, "{}")}

    class Green(BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(self.path)
            status, text, *pause_s = answers.get(self.path, (404, "no such page"))
            server.stopped.wait(*pause_s or [0])
            self.send_response(status)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the hook may have hung up
                self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Green)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.answers, server.requests, server.stopped = answers, [], threading.Event()
    yield server
    server.stopped.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(name="codedeploy")
def _codedeploy(monkeypatch):
    """CodeDeploy and EC2 as botocore models them; each call must be the one that the test expects."""
    clients = {
        name: boto3.client(
            name, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        for name in ("codedeploy", "ec2")
    }
    monkeypatch.setattr(smoke_test.boto3, "client", lambda name, config: clients[name])
    monkeypatch.setattr(smoke_test, "PAUSE_S", 0)
    with Stubber(clients["codedeploy"]) as codedeploy, Stubber(clients["ec2"]) as ec2:
        codedeploy.ec2 = ec2
        yield codedeploy


def expect_status(codedeploy, status, service="orders"):
    codedeploy.add_response(
        "get_deployment",
        {"deploymentInfo": {"deploymentGroupName": service}},
        {"deploymentId": EVENT["DeploymentId"]},
    )
    codedeploy.add_response(
        "put_lifecycle_event_hook_execution_status",
        {},
        {
            "deploymentId": EVENT["DeploymentId"],
            "lifecycleEventHookExecutionId": EVENT["LifecycleEventHookExecutionId"],
            "status": status,
        },
    )


def configure(monkeypatch, green, **target):
    test = {**(target or {"host": "127.0.0.1"}), "port": green.server_port, "paths": ["/readyz"]}
    monkeypatch.setenv("SMOKE_TESTS", json.dumps({"orders": test}))


def test_a_version_that_answers_passes(green, codedeploy, monkeypatch):
    configure(monkeypatch, green)
    expect_status(codedeploy, "Succeeded")

    assert smoke_test.handler(EVENT, Context()) == "Succeeded"
    codedeploy.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/readyz", (503, "catalog is down"), "status 503: catalog is down"),
        ("/version", (200, '{"service": "catalog"}'), "says service 'catalog', expected 'orders'"),
    ],
)
def test_a_version_that_answers_wrongly_fails_and_says_why(
    green, codedeploy, monkeypatch, capsys, path, answer, message
):
    configure(monkeypatch, green)
    green.answers[path] = answer
    expect_status(codedeploy, "Failed")

    assert smoke_test.handler(EVENT, Context()) == "Failed"
    codedeploy.assert_no_pending_responses()
    assert message in json.loads(capsys.readouterr().out)["problems"][0]


def test_a_version_that_does_not_listen_fails(green, codedeploy, monkeypatch):
    configure(monkeypatch, green)
    green.shutdown()
    green.server_close()
    expect_status(codedeploy, "Failed")

    assert smoke_test.handler(EVENT, Context()) == "Failed"
    codedeploy.assert_no_pending_responses()


def test_a_version_slower_than_a_caller_waits_fails(green, codedeploy, monkeypatch, capsys):
    configure(monkeypatch, green)
    monkeypatch.setattr(smoke_test, "REQUEST_S", 0.2)
    green.answers["/readyz"] = (200, "{}", 60)
    expect_status(codedeploy, "Failed")

    assert smoke_test.handler(EVENT, Context()) == "Failed"
    assert "/readyz: timed out" in json.loads(capsys.readouterr().out)["problems"][0]


def test_the_first_failure_ends_the_test(green, codedeploy, monkeypatch):
    configure(monkeypatch, green)
    green.answers["/version"] = (500, "broken")
    expect_status(codedeploy, "Failed")

    assert smoke_test.handler(EVENT, Context()) == "Failed"
    assert green.requests == ["/version"] * smoke_test.TRIES


def test_the_functions_time_ends_the_test_before_it_is_over(green, codedeploy, monkeypatch, capsys):
    """CodeDeploy must be told: without a result it waits for an hour."""
    configure(monkeypatch, green)
    expect_status(codedeploy, "Failed")

    assert smoke_test.handler(EVENT, Context(left_s=smoke_test.RESULT_S + 1)) == "Failed"
    codedeploy.assert_no_pending_responses()
    assert green.requests == []
    assert "the smoke test's time is over" in json.loads(capsys.readouterr().out)["problems"][0]


def test_an_error_of_the_hook_itself_fails_the_deployment(codedeploy, monkeypatch, capsys):
    monkeypatch.setenv("SMOKE_TESTS", "not json")
    expect_status(codedeploy, "Failed")

    assert smoke_test.handler(EVENT, Context()) == "Failed"
    codedeploy.assert_no_pending_responses()
    assert "JSONDecodeError" in capsys.readouterr().out


def test_the_public_load_balancer_is_asked_at_its_private_addresses(green, codedeploy, monkeypatch):
    """Its name resolves to public addresses, which a function inside the network does not reach."""
    configure(monkeypatch, green, load_balancer="app/lantern-public/50dc6c495c0c9188")
    codedeploy.ec2.add_response(
        "describe_network_interfaces",
        {"NetworkInterfaces": [{"PrivateIpAddress": "127.0.0.1"}, {"PrivateIpAddress": "127.0.0.2"}]},
        {"Filters": [{"Name": "description", "Values": ["ELB app/lantern-public/50dc6c495c0c9188"]}]},
    )
    expect_status(codedeploy, "Failed")  # nobody listens on 127.0.0.2

    assert smoke_test.handler(EVENT, Context()) == "Failed"
    codedeploy.ec2.assert_no_pending_responses()


def test_the_code_fits_into_the_template():
    """CloudFormation takes 4096 characters of inline code."""
    with open(smoke_test.__file__) as file:
        assert len(file.read()) <= 4096
