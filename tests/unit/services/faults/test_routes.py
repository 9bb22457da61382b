import json
import subprocess
import sys
import time

import pytest
from flask import g

from services.catalog.app import create_app
from services.catalog.settings import Settings
from services.faults.requests import InjectedFault


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
    state = client.get("/faults").json
    assert (state["latency_ms"], state["latency_share"], state["error_share"]) == (0, 1.0, 0.0)
    assert state["faults"] == []


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


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"name": "slow"}, "faults[0].name"),
        ({"name": "n-plus-one"}, "faults[0].name"),  # the storefront's
        ({"name": "leak", "percent": 0}, "faults[0].percent"),
        ({"name": "leak", "percent": 101}, "faults[0].percent"),
        ({"name": "leak", "ends_at": 1e12}, "faults[0].ends_at"),
        ({"name": "leak", "alias": "Not A Name"}, "faults[0].alias"),
    ],
)
def test_a_wrong_fault_is_refused_by_its_place_and_changes_nothing(client, fault, field):
    client.put("/faults", json={"faults": [{"name": "slow-dependency"}]})

    refused = client.put("/faults", json={"faults": [fault]})

    assert refused.status_code == 400
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert [on["name"] for on in client.get("/faults").json["faults"]] == ["slow-dependency"]


def test_a_name_can_be_on_only_once(client):
    assert client.put("/faults", json={"faults": [{"name": "leak"}, {"name": "leak"}]}).status_code == 400


def test_a_fault_has_a_degree_and_ends_after_a_quarter_of_an_hour_when_nobody_says_otherwise(client):
    (fault,) = client.put("/faults", json={"faults": [{"name": "slow-dependency"}]}).json["faults"]

    assert fault["percent"] == 30
    assert fault["ends_at"] == pytest.approx(time.time() + 900, abs=60)


def test_a_fault_ends_by_itself(client):
    state = {"faults": [{"name": "bad-product", "ends_at": time.time() - 1}], "error_share": 1, "ends_at": 1}

    assert client.put("/faults", json=state).json["faults"] == []
    assert client.get("/openapi.json").status_code == 200
    assert client.get("/nowhere").status_code == 404  # not the injected 500


def test_what_is_on_is_kept_over_a_restart(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = Settings(faults=True, faults_dir=str(tmp_path / "faults"))
    before = create_app(settings).test_client().put("/faults", json={"faults": [{"name": "leak"}]})

    after = create_app(settings).test_client().get("/faults")

    assert after.json["faults"] == before.json["faults"]


def test_without_the_switch_nothing_of_the_faults_is_imported():
    script = (
        "import sys; from services.storefront.app import create_app;"
        "from services.storefront.settings import Settings;"
        "create_app(Settings(catalog_url='http://c', orders_url='http://o'));"
        "print(*(name for name in sys.modules if name.startswith('services.faults')))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == ""


def test_the_shop_knows_of_the_faults_of_its_other_parts(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    app = create_app(Settings(faults=True, faults_dir=str(tmp_path)))

    def others(ends_at):
        fault = {"name": "throttled-table", "ends_at": ends_at}
        (tmp_path / "aws.json").write_text(json.dumps({"faults": [fault], "offers": []}))
        return app.extensions["faults"].are_on()

    assert [others(time.time() - 1), others(time.time() + 60)] == [False, True]
    (tmp_path / "aws.json").write_text("{")
    assert not app.extensions["faults"].are_on()


def test_what_is_read_changed_and_written_back_is_on(client):
    state = {key: value for key, value in client.get("/faults").json.items() if key != "offers"}

    changed = client.put("/faults", json={**state, "error_share": 1}).json

    assert state["ends_at"] is None
    assert changed["error_share"] == 1
    assert changed["ends_at"] == pytest.approx(time.time() + 900, abs=60)
    assert client.get("/nowhere").status_code == 500
