"""A function's container: what it may, and what comes of its end. tests/containers has it with Docker."""

import json
import subprocess
import sys

import docker.errors
import pytest
import requests

from local.pipeline import lambda_runner
from local.pipeline.lambda_runner import BOOTSTRAP, InvocationError, LambdaRunner
from local.pipeline.settings import Settings
from settings import load

CODE = """\
import json
def handler(event, context):
    print(json.dumps(event), 0 < context.get_remaining_time_in_millis() <= 300000)
"""
FUNCTION = {
    "Handler": "index.handler",
    "Code": {"ZipFile": CODE},
    "Environment": {"Variables": {"SMOKE_TESTS": "{}"}},
    "Timeout": 300,
    "MemorySize": 256,
    "Role": "arn:aws:iam::111122223333:role/lantern-smoke-hook",
    "LoggingConfig": {"LogGroup": "/lantern/smoke-hook"},
}
EVENT = {"DeploymentId": "d-1"}


class Engine:
    """Docker's API as far as one container goes; `ends` is called for its status."""

    def __init__(self, ends=lambda: 0, output=b""):
        self.ends, self.output, self.body, self.removed, self.api = ends, output, None, [], self

    def create_container_from_config(self, body):
        self.body = body
        return {"Id": "c-1"}

    def start(self, container):
        pass

    def wait(self, container, timeout):
        return {"StatusCode": self.ends()}

    def logs(self, container):
        return self.output

    def remove_container(self, container, **_):
        self.removed.append(container)


class FakeAws:
    """Its own sessions too: whoever acts is let in."""

    access_key_id = "laptop"

    def __init__(self):
        self.logs, self.refuses = {}, None

    def acting(self, *_):
        if self.refuses:
            raise self.refuses
        return self

    def put_logs(self, group, stream, lines):
        self.logs.setdefault(group, []).extend(text for _, text in lines)


def invoke(monkeypatch, engine, name="smoke"):
    monkeypatch.setattr(lambda_runner.docker, "from_env", lambda **_: engine)
    aws = FakeAws()
    problem = LambdaRunner({"smoke": FUNCTION}, load(Settings, {}), aws).invoke(name, EVENT)
    return problem, aws


def test_a_function_runs_as_a_user_of_its_own_with_nothing_that_it_does_not_need(monkeypatch):
    engine = Engine()

    problem, _ = invoke(monkeypatch, engine)

    host = engine.body["HostConfig"]
    assert (problem, engine.removed) == ("", ["c-1"])
    assert engine.body["User"] == "10002:10002"
    assert (host["CapDrop"], host["ReadonlyRootfs"]) == (["ALL"], True)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] == 256 * 1024 * 1024
    assert "Binds" not in host
    assert host["NetworkMode"] == "lantern_default"


def test_a_function_reaches_codedeploy_through_the_relay_only(monkeypatch):
    engine = Engine()

    invoke(monkeypatch, engine)

    variables = dict(entry.split("=", 1) for entry in engine.body["Env"])
    assert variables["AWS_ENDPOINT_URL_CODEDEPLOY"] == "http://load-balancer:4567"
    assert variables["AWS_ENDPOINT_URL_EC2"] == "http://load-balancer:4567"
    assert variables["SMOKE_TESTS"] == "{}"
    assert "pipeline:4567" not in variables.values()


def test_the_bootstrap_runs_the_handler_with_the_event_and_the_time_that_is_left():
    variables = {
        "_CODE": FUNCTION["Code"]["ZipFile"],
        "_HANDLER": "index.handler",
        "_EVENT": json.dumps(EVENT),
        "_TIMEOUT_S": "300",
    }

    done = subprocess.run(
        [sys.executable, "-c", BOOTSTRAP], env=variables, capture_output=True, text=True, check=True
    )

    assert done.stdout == f"{json.dumps(EVENT)} True\n"


def test_what_it_prints_is_kept_and_its_last_line_tells_what_went_wrong(monkeypatch):
    problem, aws = invoke(monkeypatch, Engine(lambda: 1, b"began\n\nValueError: dark\n"))

    assert problem == "ValueError: dark"
    assert aws.logs == {"/lantern/smoke-hook": ["began", "ValueError: dark"]}


def test_a_function_that_takes_too_long_is_ended_in_lambdas_words(monkeypatch):
    def too_long():
        raise requests.exceptions.ConnectionError("read timed out")

    engine = Engine(too_long)

    problem, _ = invoke(monkeypatch, engine)

    assert problem == "Task timed out after 300.00 seconds"
    assert engine.removed == ["c-1"]


def test_a_function_that_nobody_has_and_an_engine_that_refuses_are_no_invocations(monkeypatch):
    def refuse():
        raise docker.errors.APIError("no space left")

    with pytest.raises(InvocationError, match="Function not found: other"):
        invoke(monkeypatch, Engine(), "other")
    with pytest.raises(InvocationError, match="no space left"):
        invoke(monkeypatch, Engine(refuse))
