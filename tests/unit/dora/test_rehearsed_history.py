"""A history that was really rehearsed, replayed: every output tells the same figures, to the digit.

             catalog              orders               storefront
good         live                 live                 live
slow         stopped by an alarm
errors       live                 stopped by an alarm
hotfix       live                 live                 live
good         live                 live                 live
"""

import json
import re

import pytest

from console.app import create_app
from console.pipeline.history import HistoryReader
from console.settings import Settings
from dora.times import DAY_S, utc
from tests.unit.dora import laptop, outputs, rehearsed

SERVICES = ("catalog", "orders", "storefront")


@pytest.fixture(name="history", scope="module")
def _history():
    return rehearsed.load()


@pytest.fixture(name="pipeline", scope="module")
def _pipeline(history, tmp_path_factory):
    with laptop.serve(tmp_path_factory.mktemp("pipeline"), history.fill) as port:
        yield port


@pytest.fixture(name="window")
def _window(history, pipeline, monkeypatch):
    """The day in which it was rehearsed, as texts."""
    outputs.environment(monkeypatch, f"http://127.0.0.1:{pipeline}")
    until = int(history.ended_at) + 60
    return utc(until - DAY_S), utc(until)


@pytest.fixture(name="console")
def _console(window, history):
    """The console at the end of the rehearsed day, when it has read the history."""
    application = create_app(Settings())
    clock = lambda: history.ended_at + 60  # noqa: E731
    application.extensions["history_reader"] = HistoryReader(
        application.extensions["aws"], Settings().alarm_prefix, clock
    )
    client = application.test_client()
    assert client.get("/dora").status_code == 200
    return client


@pytest.fixture(name="events")
def _events(history, tmp_path):
    """The journal's envelopes in a file, as `make dora` leaves it."""
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in history.events))
    return str(file)


@pytest.fixture(name="document")
def _document(window, events, capsys):
    return json.loads(outputs.printed(capsys, *window, "--events", events, "--json"))


COUNTED = {
    "catalog": ("5.00 a day n = 5", "20.0 % 1 of 5", "0.0 % 0 of 5"),
    "orders": ("4.00 a day n = 4", "25.0 % 1 of 4", "25.0 % 1 of 4"),
    "storefront": ("3.00 a day n = 3", "0.0 % 0 of 3", "0.0 % 0 of 3"),
    "all services": ("12.00 a day n = 12", "16.7 % 2 of 12", "8.3 % 1 of 12"),
}


def test_the_figures_are_those_that_a_person_counts(document):
    """From the table above: the frequency, how many failed, and how many repair, where the hotfix names what
    was stopped of orders. What the alarms of the two others said is no failure of storefront."""
    figures = outputs.in_document(document)

    assert {
        service: tuple(
            figures[service, name]
            for name in ("deployment frequency", "change fail rate", "deployment rework rate")
        )
        for service in COUNTED
    } == COUNTED
    assert figures["storefront", "failed deployment recovery time"] == "no data n = 0"


def test_times_are_those_of_the_pipelines_own_records(document, history):
    """Of storefront, two commits went live; of catalog and orders, one release was taken back."""
    deployments = history.documents["deployment"]
    live = {
        key: event["ended"]
        for key, each in deployments.items()
        for event in each["events"]
        if (event["name"], event["status"]) == ("AllowTraffic", "Succeeded")
    }

    for service in SERVICES:
        for lead in document["services"][service]["commits"]:
            committed = next(commit for commit in history.commits if lead["subject"] in commit)
            made_at = int(committed.split("committer ")[1].split("> ")[1].split()[0])
            assert lead["seconds"] == pytest.approx(live[lead["deployment"]] - made_at, abs=1e-6)
    for service in SERVICES[:2]:
        (outage,) = document["services"][service]["outages"]
        stopped = deployments[outage["deployments"][0]]
        began = next(event["started"] for event in stopped["events"] if event["name"] == "AllowTraffic")
        assert outage["seconds"] == pytest.approx(deployments[stopped["rollback"]]["ended"] - began, abs=1e-6)


def test_command_json_report_page_and_functions_tell_the_same(
    document, window, console, events, history, capsys, monkeypatch, tmp_path
):
    report = tmp_path / "report.html"
    since, until = window

    text = outputs.printed(capsys, *window, "--events", events, "--html", str(report))
    without_events = json.loads(outputs.printed(capsys, *window, "--json"))
    page = console.get("/dora", query_string={"window": since, "until": until})
    by_functions = outputs.function_report(monkeypatch, history.events, until)

    figures = outputs.in_document(document)
    assert len(figures) == 5 * (len(SERVICES) + 1)
    assert outputs.in_text(text) == figures
    assert outputs.in_page(report.read_text()) == figures
    assert outputs.in_page(page.text) == figures
    assert outputs.in_document(by_functions) == figures
    assert outputs.metrics(by_functions) == outputs.metrics(document)
    assert outputs.metrics(without_events) == outputs.metrics(document)


def test_deployments_have_the_class_that_dora_counts_on_every_page(document, console, history):
    counted = {
        deployment["id"]: deployment["class"]
        for service in document["services"].values()
        for deployment in (*service["deployments"], *service["caught_before_users"])
    }
    roll_backs = {key for key, each in history.documents["deployment"].items() if each["rolls_back"]}

    listed = console.get("/deployments").text.partition('id="deployments"')[2]

    rows = re.findall(r'<tr data-key="(d-[^"]+)">(.*?)</tr>', listed, re.S)
    classes = {
        key: re.search(r"<td>(?:<span class=\"status \w+\"[^>]*>)?\s*(ok|failed|roll-back)", row)[1]
        for key, row in rows
    }
    assert classes == {key: "roll-back" if key in roll_backs else counted[key] for key in classes}
    assert set(classes.values()) == {"ok", "failed", "roll-back"}
    for kind, key in {kind: key for key, kind in classes.items()}.items():
        fact = console.get(f"/deployments/{key}").text.partition("DORA class")[2].partition("</dd>")[0]
        assert fact == "" if kind == "roll-back" else f">{kind}</span>" in fact


def test_make_dora_tells_the_same(document, window, pipeline, tmp_path):
    done = laptop.make_dora(tmp_path, pipeline, SINCE=window[0], UNTIL=window[1])

    assert (done.returncode, done.stderr) == (0, "")
    assert outputs.in_text(done.stdout) == outputs.in_document(document)
