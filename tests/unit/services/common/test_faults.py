import pytest
from flask import g

from services.catalog.app import create_app
from services.catalog.settings import Settings
from services.common.faults import InjectedFault


@pytest.fixture(name="client")
def _client(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return create_app(Settings(faults=True)).test_client()


@pytest.mark.parametrize(
    "body",
    [{"latency_ms": -1}, {"latency_ms": 60001}, {"latency_ms": 1.5}, {"error_share": 1.5}, {"speed": 1}],
)
def test_wrong_faults_are_refused_by_name_and_change_nothing(client, body):
    refused = client.put("/faults", json=body)

    assert refused.status_code == 400
    assert [e["field"] for e in refused.json["errors"]] == list(body)
    assert client.get("/faults").json == {"latency_ms": 0, "latency_share": 1.0, "error_share": 0.0}


def test_what_is_not_named_is_off(client):
    client.put("/faults", json={"latency_ms": 5, "error_share": 0.5})

    assert client.put("/faults", json={"error_share": 1}).json["latency_ms"] == 0


def test_an_injected_error_is_a_problem_and_left_for_the_tracing_to_record(client):
    recorded = []
    client.application.after_request(lambda response: recorded.append(g.get("exception")) or response)
    client.put("/faults", json={"error_share": 1})

    answer = client.get("/products")

    assert (answer.status_code, answer.json["type"]) == (500, "urn:problem:injected-fault")
    assert isinstance(recorded[-1], InjectedFault)
    assert recorded[-1].__traceback__ is not None


def test_operational_routes_stay_as_they_are(client):
    client.put("/faults", json={"error_share": 1})

    assert [client.get(path).status_code for path in ("/healthz", "/version", "/faults")] == [200, 200, 200]


def test_without_the_switch_it_says_so_and_nothing_is_injected_or_logged(monkeypatch, caplog):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = create_app(Settings()).test_client()

    with caplog.at_level("INFO"):
        answer = client.get("/faults")

    assert (answer.status_code, answer.json) == (200, {"enabled": False})
    assert caplog.records == []
    assert client.put("/faults", json={"error_share": 1}).status_code == 405
