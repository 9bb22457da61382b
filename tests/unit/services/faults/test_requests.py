"""What each fault does to the requests that a service answers."""

import json
import signal
from pathlib import Path

import pytest
from flask import g

from services.catalog.app import create_app
from services.catalog.settings import Settings
from services.faults import requests as broken
from services.faults.kinds import KINDS

PRODUCTS = json.loads(Path("services/catalog/products.json").read_text())


@pytest.fixture(name="client")
def _client(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return create_app(Settings(faults=True)).test_client()


@pytest.fixture(name="pauses")
def _pauses(monkeypatch):
    """The seconds that requests were held back, without the waiting."""
    pauses = []
    monkeypatch.setattr(broken.time, "sleep", pauses.append)
    return pauses


def switch_on(client, name, **fields):
    answer = client.put("/faults", json={"faults": [{"name": name, **fields}]})
    assert answer.status_code == 200, answer.json


def test_a_slow_dependency_takes_its_time_but_never_all_of_its_callers(client, pauses):
    switch_on(client, "slow-dependency", percent=100)

    client.get("/nowhere")
    client.get("/nowhere", headers={"X-Deadline-Ms": "600"})
    client.delete("/nowhere", headers={"X-Deadline-Ms": "1000"})

    assert 1.0 <= pauses[0] <= 2.0
    assert pauses[1] <= 0.35
    assert pauses[2] == 0


def test_a_share_of_requests_is_slow(client, pauses):
    switch_on(client, "slow-dependency", percent=30)

    for _ in range(400):
        client.get("/nowhere")

    assert 60 < len(pauses) < 180


@pytest.mark.parametrize("request_", ["GET", "PUT"])
def test_a_bad_product_fails_as_a_bug_does_and_no_other_product_does(client, request_):
    recorded = []
    client.application.after_request(lambda response: recorded.append(g.get("exception")) or response)
    switch_on(client, "bad-product", sku="good-lantern")

    def ask(sku):
        if request_ == "GET":
            return client.get(f"/products/{sku}")
        return client.put("/reservations/ord-1", json={"items": [{"sku": sku, "quantity": 0}]})

    assert ask("good-lantern").status_code == 500
    assert type(recorded[-1]).__name__ == "WrongPrice"
    assert recorded[-1].__traceback__ is not None
    assert ask("Other Lantern").status_code in (400, 404)


def test_the_bad_product_is_one_of_the_shelf():
    assert KINDS["bad-product"].sku in {product["sku"] for product in PRODUCTS}


def test_a_retry_storm_begins_with_a_catalog_that_fails(client):
    switch_on(client, "retry-storm", percent=100)

    assert client.get("/products").json["type"] == "urn:problem:injected-fault"


def test_a_service_that_is_no_task_does_not_offer_to_be_a_sick_one(client):
    answer = client.put("/faults", json={"faults": [{"name": "sick-task"}]})

    assert answer.status_code == 400


def test_a_sick_task_fails_each_request_and_passes_its_health_check(client):
    client.application.extensions["task"] = "7" * 32
    switch_on(client, "sick-task")

    assert [client.get("/products").status_code for _ in range(5)] == [500] * 5
    assert client.get("/healthz").status_code == 200


def test_a_leak_grows_with_each_request_is_measured_and_ends_the_process(client, monkeypatch):
    killed, lines = [], []
    monkeypatch.setattr(broken.os, "kill", lambda _pid, number: killed.append(number))
    monkeypatch.setattr(broken, "_leaked", [])
    monkeypatch.setattr(broken, "LEAK_MB", 1)
    monkeypatch.setattr(broken, "LEAK_LIMIT_MB", 3)
    monkeypatch.setattr(broken, "MEASURE_EVERY_S", 0)
    monkeypatch.setattr(broken, "_measure_at_s", [0.0])
    switch_on(client, "leak", percent=100)
    client.application.after_request_funcs[None].append(
        lambda response: lines.append(g.measurements["Memory"]) or response
    )

    for _ in range(3):
        client.get("/nowhere")
    assert killed == []
    client.get("/nowhere")

    assert killed == [signal.SIGKILL]
    assert [unit.value for _, unit in lines] == ["Megabytes"] * 4
    assert lines[0][0] > 10


def test_operational_routes_are_left_alone_by_every_fault(client, pauses):
    names = [offer["name"] for offer in client.get("/faults").json["offers"]]
    client.put("/faults", json={"faults": [{"name": name, "percent": 100} for name in names]})

    assert [client.get(path).status_code for path in ("/healthz", "/version", "/faults")] == [200, 200, 200]
    assert pauses == []
