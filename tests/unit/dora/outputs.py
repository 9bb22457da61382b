"""The five figures as each output shows them: command, its JSON, the console's page, the functions' table."""

import json
import re
from html import unescape
from types import SimpleNamespace

from dora import formatting
from dora.__main__ import main
from dora.aws_lambda import dynamodb_table, handlers
from dora.metrics import Figure
from dora.times import instant
from tests.unit.dora.aws_lambda.table import Table

ROW = re.compile(r"^  ([a-z][\w ]+?)  +(\S.*?)  +(n = \d+|\d+ of \d+)", re.M)
SECTION = re.compile(r"^(\S.*)\n((?:  .*\n?)+)", re.M)
ARTICLE = re.compile(
    r'<article class="figure" aria-label="(?P<name>[^"]+?) of (?P<service>[^"]+)">.*?'
    r'class="headline">(?P<headline>.*?)</p>',
    re.S,
)


def environment(monkeypatch, pipeline):
    """boto3's variables of the laptop; nobody answers for CloudWatch and CodeCommit at their own address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for service in ("CODEPIPELINE", "CODEDEPLOY", "XRAY"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", pipeline)
    for name, value in (("DEFAULT_REGION", "us-east-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)


def printed(capsys, since, until, *arguments):
    """What the command prints of the laptop in a window."""
    assert (
        main(["--aws", "--alarms", "lantern-", "--traces", "--since", since, "--until", until, *arguments])
        == 0
    )
    return capsys.readouterr().out


def in_text(text):
    """The figures of the command's table: (service, metric) → value and what it was computed from."""
    return {
        (service, name): f"{value} {basis}"
        for service, rows in SECTION.findall(text)
        for name, value, basis in ROW.findall(rows)
    }


def in_document(document):
    """The figures of the command's JSON, or of the functions' report, in the same words."""
    services = document["services"] | ({"all services": total} if (total := document["all_services"]) else {})
    return {
        (service, name): f"{formatting.value(figure)} {formatting.basis(figure)}"
        for service, measured in services.items()
        for name, figure in ((name, _figure(name, metric)) for name, metric in measured["metrics"].items())
    }


def _figure(name, metric):
    members = {key: metric[key] for key in ("unit", "value", "n", "formula", "numerator")}
    return Figure(name=name, **members)


def in_page(text):
    """The figures of the console's page or of an HTML report, in the same words."""
    return {
        (article["service"], article["name"]): " ".join(
            unescape(re.sub("<[^>]+>", " ", article["headline"])).split()
        )
        for article in ARTICLE.finditer(text)
    }


def function_report(monkeypatch, events, until):
    """What `compute` stores for a window of a day that ends at `until`, after `collect` kept the events."""
    table = Table()
    monkeypatch.setattr(dynamodb_table.boto3, "resource", lambda _: SimpleNamespace(Table=lambda _: table))
    cloud = SimpleNamespace(put_metric_data=lambda **_: None, invoke=lambda **_: None)
    monkeypatch.setattr(
        handlers.boto3, "client", lambda name: cloud if name in ("lambda", "cloudwatch") else None
    )
    monkeypatch.setattr(handlers, "time", SimpleNamespace(time=lambda: instant(until)))
    variables = {"TABLE": "t", "COMPUTE": "c", "PIPELINE": "lantern", "ALARMS": "lantern-", "WINDOWS": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    messages = [{"messageId": str(n), "body": json.dumps(event)} for n, event in enumerate(events)]
    assert handlers.collect({"Records": messages}, None) == {"batchItemFailures": []}
    handlers.compute({}, None)
    return dynamodb_table.Store("t").report("1d")


def metrics(document):
    """Everything that is measured of each service, to the last digit."""
    return {
        service: {
            name: {**figure, "deployments": sorted(figure["deployments"])}
            for name, figure in measured["metrics"].items()
        }
        for service, measured in document["services"].items()
    }
