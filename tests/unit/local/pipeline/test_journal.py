import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.pipeline.codedeploy.deployment_machine import Phase
from local.pipeline.journal import Journal, Records
from tests.unit.local.pipeline.deploy_artifact import zipped
from tests.unit.local.pipeline.stepped_runner import SteppedRunner, built

EARLIER = Path(__file__).with_name("earlier_journal.sql")


def of_kind(journal, kind="deployment"):
    """The records of a kind, as plain documents; one whose status is Succeeded is over."""
    return Records(journal, kind, dict[str, Any], lambda document: document.get("status") == "Succeeded")


@pytest.fixture(name="journal")
def _journal(tmp_path):
    journal = Journal(tmp_path / "state" / "journal.sqlite")
    yield journal
    journal.close()


def test_a_record_is_read_as_it_was_written(journal):
    of_kind(journal).put("d-1", {"status": "InProgress", "weights": [[1.5, 10]], "error": None})

    assert of_kind(journal).get("d-1") == {"status": "InProgress", "weights": [[1.5, 10]], "error": None}
    assert of_kind(journal, "execution").get("d-1") is None


def test_records_come_in_the_order_of_their_first_writing(journal):
    for key in ("d-2", "d-1", "d-3"):
        of_kind(journal).put(key, {"id": key, "status": "Created"})
    of_kind(journal, "execution").put("e-1", {"id": "e-1"})

    of_kind(journal).put("d-2", {"id": "d-2", "status": "Succeeded"})

    assert [record["id"] for record in of_kind(journal).all()] == ["d-2", "d-1", "d-3"]
    assert of_kind(journal).all()[0]["status"] == "Succeeded"


def test_a_removed_record_is_gone(journal):
    of_kind(journal, "task set").put("ecs-svc/1", {})

    of_kind(journal, "task set").remove("ecs-svc/1")

    assert of_kind(journal, "task set").get("ecs-svc/1") is None
    assert of_kind(journal, "task set").all() == []


def write_and_die(journal):
    with journal.transaction():
        of_kind(journal).put("d-1", {})
        with journal.transaction():
            journal.announce({"state": "START"})
        raise RuntimeError("the runner dies here")


def test_a_transaction_is_written_whole_or_not_at_all(journal):
    with pytest.raises(RuntimeError):
        write_and_die(journal)

    assert of_kind(journal).all() == []
    assert journal.events() == []


def test_the_journal_goes_on_after_a_failure(journal):
    with pytest.raises(RuntimeError):
        write_and_die(journal)

    of_kind(journal).put("d-1", {})

    assert len(of_kind(journal).all()) == 1


def test_records_and_events_outlive_the_process(journal, tmp_path):
    of_kind(journal).put("d-1", {"status": "InProgress"})
    journal.announce({"state": "START"})

    reopened = Journal(tmp_path / "state" / "journal.sqlite")

    assert of_kind(reopened).get("d-1") == {"status": "InProgress"}
    assert [event for _, event in reopened.unsent_events()] == [{"state": "START"}]
    reopened.close()


def test_events_are_unsent_until_they_are_marked_and_are_kept(journal):
    for state in ("START", "STOP"):
        journal.announce({"state": state})
    (first, _), (second, _) = journal.unsent_events()

    journal.mark_sent(first)

    assert [event for _, event in journal.unsent_events()] == [{"state": "STOP"}]
    assert [event["state"] for _, event in journal.events()] == ["START", "STOP"]
    assert [event["state"] for _, event in journal.events(first)] == ["STOP"]
    assert journal.events(second) == []


def test_several_threads_lose_nothing(journal):
    def work(name):
        for number in range(20):
            with journal.transaction():
                count = (of_kind(journal, "count").get("all") or {"count": 0})["count"]
                of_kind(journal, "count").put("all", {"count": count + 1})
                of_kind(journal, "work").put(f"{name}-{number}", {})

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert of_kind(journal, "count").get("all") == {"count": 80}
    assert len(of_kind(journal, "work").all()) == 80


def test_a_record_that_is_over_is_kept_and_no_longer_unfinished(journal):
    for key in ("d-1", "d-2"):
        of_kind(journal).put(key, {"id": key})

    of_kind(journal).put("d-1", {"id": "d-1", "status": "Succeeded"})

    assert [record["id"] for record in of_kind(journal).unfinished()] == ["d-2"]
    assert [record["id"] for record in of_kind(journal).all()] == ["d-1", "d-2"]
    assert of_kind(journal, "execution").unfinished() == []


def test_the_newest_record_and_those_with_a_members_value_are_found(journal):
    for number in range(3):
        of_kind(journal).put(f"d-{number}", {"id": f"d-{number}", "execution": f"e-{number % 2}"})
    of_kind(journal, "execution").put("e-1", {"id": "e-1"})

    assert of_kind(journal).newest()["id"] == "d-2"
    assert of_kind(journal, "task set").newest() is None
    assert [record["id"] for record in of_kind(journal).where("execution", "e-0")] == ["d-0", "d-2"]


def test_an_unchanged_record_is_not_written_again(journal):
    of_kind(journal).put("d-1", {"id": "d-1"})
    before = journal._db.total_changes

    of_kind(journal).put("d-1", {"id": "d-1"})

    assert journal._db.total_changes == before


def test_a_journal_without_the_column_is_over_is_taken_over(tmp_path):
    with sqlite3.connect(tmp_path / "journal.sqlite") as old:
        old.execute(
            "CREATE TABLE documents (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, "
            "number INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )
        old.execute("INSERT INTO documents VALUES ('deployment', 'd-1', '{}', 1)")
    old.close()

    journal = Journal(tmp_path / "journal.sqlite")

    assert of_kind(journal).unfinished() == [{}]
    journal.close()


@dataclass
class Lamp:
    colour: str
    is_lit: bool = False


def test_a_record_of_an_earlier_version_gets_defaults_and_loses_unknown_members(journal):
    of_kind(journal, "lamp").put("1", {"colour": "brass", "wick": "long"})

    assert Records(journal, "lamp", Lamp).get("1") == Lamp("brass", is_lit=False)


def test_a_rehearsal_that_an_earlier_version_began_is_taken_to_its_end(architecture, repository, tmp_path):
    """The journal has an execution and a deployment in its canary step, and a rollback that is over."""
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    database.executescript(EARLIER.read_text())
    database.close()

    runner = SteppedRunner(architecture, repository, tmp_path)
    runner.clock.time += 200  # the earlier runner ended then
    before = {deployment.id: deployment.phase for deployment in runner.deployments.all()}
    runner.executions.resume()
    runner.deployments.resume()
    execution = runner.executions.newest()
    for deploy in execution.stages[-1].actions:
        for name in deploy.inputs:
            key = execution.artifacts[name]
            runner.aws.put_artifact(architecture.bucket, key, zipped(built(deploy.name)))
    runner.until(lambda: runner.executions.newest().ended, "the execution ends")

    assert Phase.DEPLOYING in before.values()
    assert set(before.values()) <= set(Phase)
    assert [execution.status for execution in runner.executions.all()] == ["Failed", "Succeeded"]
    assert {deployment.phase for deployment in runner.deployments.all()} == {Phase.ENDED}
    orders = next(deployment for deployment in runner.deployments.all() if deployment.group == "orders")
    assert (orders.status, orders.error_code) == ("Stopped", "ALARM_ACTIVE")
    runner.close()
