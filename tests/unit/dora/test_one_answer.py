"""The same history gives the same figures everywhere: command, JSON, console page, and functions on AWS."""

import json
import re
from html import unescape
from types import SimpleNamespace

import pytest

from console.app import create_app
from console.settings import Settings
from dora.__main__ import main
from dora.aws_lambda import dynamodb_table, handlers
from dora.times import instant
from tests.unit.dora import hand_made, laptop
from tests.unit.dora.aws_lambda.table import Table

NOON = "2026-11-02T12:00:00Z"
SINCE = "2026-11-01T12:00:00Z"


@pytest.fixture(name="pipeline", scope="module")
def _pipeline(tmp_path_factory):
    fill = laptop.hand_made_history(tmp_path_factory.mktemp("checkout"))
    with laptop.serve(tmp_path_factory.mktemp("pipeline"), fill) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(name="environment")
def _environment(pipeline, monkeypatch):
    """boto3's variables of the laptop; nobody answers for CloudWatch and CodeCommit at their own address."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CODEPIPELINE", "AWS_ENDPOINT_URL_CODEDEPLOY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9" if name == "AWS_ENDPOINT_URL" else pipeline)
    for name, value in (("DEFAULT_REGION", "us-east-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)


def as_json(capsys, *arguments):
    assert (
        main(["--aws", "--alarms", "lantern-", "--since", SINCE, "--until", NOON, "--json", *arguments]) == 0
    )
    return json.loads(capsys.readouterr().out)


def figures(document):
    """Everything that is measured of each service, without what the time of the report changes."""
    return {
        service: {
            name: {**figure, "deployments": sorted(figure["deployments"])} for name, figure in found.items()
        }
        for service, found in ((name, each["metrics"]) for name, each in document["services"].items())
    }


def function_report(monkeypatch, events):
    """What `compute` stores for a window of a day, after `collect` kept the events."""
    table = Table()
    monkeypatch.setattr(dynamodb_table.boto3, "resource", lambda _: SimpleNamespace(Table=lambda _: table))
    cloud = SimpleNamespace(put_metric_data=lambda **_: None, invoke=lambda **_: None)
    monkeypatch.setattr(
        handlers.boto3, "client", lambda name: cloud if name in ("lambda", "cloudwatch") else None
    )
    monkeypatch.setattr(handlers, "time", SimpleNamespace(time=lambda: instant(NOON)))
    variables = {"TABLE": "t", "COMPUTE": "c", "PIPELINE": "lantern", "ALARMS": "lantern-", "WINDOWS": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    messages = [{"messageId": str(n), "body": line} for n, line in enumerate(events)]
    assert handlers.collect({"Records": messages}, None) == {"batchItemFailures": []}
    handlers.compute({}, None)
    return dynamodb_table.Store("t").report("1d")


def page_figures(client, **arguments):
    """The headline and the n of each figure on the console's page."""
    text = client.get("/dora", query_string=arguments).text
    articles = re.findall(
        r'<article class="figure" aria-label="(.+?) of (\w+)">.*?class="headline">(.*?)</p>', text, re.S
    )
    return {
        (service, name): " ".join(unescape(re.sub("<[^>]+>", " ", headline)).split())
        for name, service, headline in articles
    }


def test_command_and_functions_give_the_same_figures(environment, capsys, monkeypatch):
    events = hand_made.EVENTS.read_text().splitlines()

    by_api = as_json(capsys)
    by_api_and_events = as_json(capsys, "--events", str(hand_made.EVENTS))
    by_functions = function_report(monkeypatch, events)

    assert set(figures(by_api)) == {"orders"}
    assert figures(by_api_and_events) == figures(by_api)
    assert figures(by_functions) == figures(by_api)


def test_the_consoles_page_shows_the_figures_of_the_command(environment, capsys):
    main(["--aws", "--alarms", "lantern-", "--since", SINCE, "--until", NOON])
    rows = re.findall(r"^  ([a-z][\w ]+?)  +(\S.*?)  +(n = \d+|\d+ of \d+)", capsys.readouterr().out, re.M)
    client = create_app(Settings()).test_client()

    page = page_figures(client, window=SINCE, until=NOON)

    assert {name: headline for (_, name), headline in page.items()} == {
        name: f"{value} {basis}" for name, value, basis in rows
    }
