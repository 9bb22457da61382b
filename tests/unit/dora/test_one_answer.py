"""The same history gives the same figures everywhere: command, JSON, console page, and functions on AWS."""

import json

import pytest

from console.app import create_app
from console.pipeline import history
from console.settings import Settings
from tests.unit.dora import hand_made, laptop, outputs

NOON = "2026-11-02T12:00:00Z"
SINCE = "2026-11-01T12:00:00Z"


@pytest.fixture(name="pipeline", scope="module")
def _pipeline(tmp_path_factory):
    fill = laptop.hand_made_history(tmp_path_factory.mktemp("checkout"))
    with laptop.serve(tmp_path_factory.mktemp("pipeline"), fill) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(name="environment", autouse=True)
def _environment(pipeline, monkeypatch):
    outputs.environment(monkeypatch, pipeline)
    monkeypatch.setattr(history, "HORIZON_S", 1e9)  # however long ago that day is


def test_command_and_functions_give_the_same_figures(capsys, monkeypatch):
    events = [json.loads(line) for line in hand_made.EVENTS.read_text().splitlines()]

    by_api = json.loads(outputs.printed(capsys, SINCE, NOON, "--json"))
    by_both = json.loads(outputs.printed(capsys, SINCE, NOON, "--json", "--events", str(hand_made.EVENTS)))
    by_functions = outputs.function_report(monkeypatch, events, NOON)

    assert set(outputs.metrics(by_api)) == {"orders"}
    assert outputs.metrics(by_both) == outputs.metrics(by_api)
    assert outputs.metrics(by_functions) == outputs.metrics(by_api)


def test_the_consoles_page_shows_the_figures_of_the_command(capsys):
    text = outputs.printed(capsys, SINCE, NOON)
    client = create_app(Settings()).test_client()

    page = client.get("/dora", query_string={"window": SINCE, "until": NOON}).text

    assert len(outputs.in_page(page)) == 5
    assert outputs.in_page(page) == outputs.in_text(text)
