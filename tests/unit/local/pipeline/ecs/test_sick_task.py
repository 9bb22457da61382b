"""Which task is made sick, and for how long, with the catalog's real /faults in place of its containers."""

import json
import time
from types import SimpleNamespace

import pytest

from local.pipeline.ecs.sick_task import OFFER, Refused, SickTask
from local.pipeline.journal import Journal
from services.catalog.app import create_app
from services.catalog.settings import Settings

ON = json.dumps({"faults": [{"name": "sick-task"}]}).encode()
OFF = b'{"faults": []}'


class Tasks:
    """The tasks that a Docker engine runs: two of the catalog, one of orders."""

    def __init__(self):
        self.clients = {name: self._client(name) for name in ("task-1", "task-2")}

    def _client(self, task):
        app = create_app(Settings(faults=True, tracing="off"))
        app.extensions["task"] = task
        return app.test_client()

    def all(self):
        services = [*((name, "catalog") for name in self.clients), ("task-0", "orders")]
        return [
            SimpleNamespace(task=SimpleNamespace(id=name, service=service), healthy=True)
            for name, service in services
        ]

    def execute(self, task, command):
        method, body = command[-2:]
        headers = {"Content-Type": "application/json"}
        answer = self.clients[task].open("/faults", method=method, data=body, headers=headers)
        return f"{answer.status_code} {answer.text}"

    def statuses(self):
        return [client.get("/nowhere").status_code for client in self.clients.values()]


@pytest.fixture(name="tasks")
def _tasks(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Tasks()


@pytest.fixture(name="journal")
def _journal(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def sick_task(journal, tasks, is_enabled=True):
    return SickTask(journal, tasks, is_enabled=is_enabled)


def test_one_task_of_two_fails_until_the_fault_is_switched_off(journal, tasks):
    fault = sick_task(journal, tasks)

    state = fault.replace(ON)

    assert ([entry["name"] for entry in state["faults"]], state["offers"]) == (["sick-task"], [OFFER])
    assert tasks.statuses() == [500, 404]
    assert fault.replace(OFF)["faults"] == []
    assert tasks.statuses() == [404, 404]


def test_a_runner_that_was_started_again_still_knows_the_sick_task(journal, tasks):
    sick_task(journal, tasks).replace(ON)

    assert sick_task(journal, tasks).state()["faults"][0]["percent"] == 100
    sick_task(journal, tasks).replace(OFF)
    assert tasks.statuses() == [404, 404]


def test_a_fault_is_over_when_its_task_was_replaced_or_its_time_has_come(journal, tasks):
    fault = sick_task(journal, tasks)
    fault.replace(ON)
    del tasks.clients["task-1"]
    assert fault.state()["faults"] == []

    tasks.clients["task-3"] = tasks.clients["task-2"]
    over = {"name": "sick-task", "ends_at": time.time() - 1}
    fault.replace(json.dumps({"faults": [over]}).encode())

    assert fault.state()["faults"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"soon", "body: expected"),
        (b'{"faults": [{"name": "leak"}]}', "faults: expected none, or one with the name sick-task"),
        (b'{"faults": [{"name": "sick-task", "percent": 200}]}', "task task-1: 400 .*percent"),
    ],
)
def test_a_wrong_body_is_refused_with_what_was_expected(journal, tasks, body, message):
    with pytest.raises(Refused, match=message):
        sick_task(journal, tasks).replace(body)


def test_the_only_task_is_not_made_sick(journal, tasks):
    del tasks.clients["task-2"]

    with pytest.raises(Refused, match="catalog has 1 healthy tasks, expected two"):
        sick_task(journal, tasks).replace(ON)


def test_without_the_switch_nothing_can_be_switched(journal, tasks):
    fault = sick_task(journal, tasks, is_enabled=False)

    assert fault.state() == {"enabled": False}
    with pytest.raises(Refused, match="FAULTS=on"):
        fault.replace(ON)
