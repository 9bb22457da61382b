import sqlite3
import threading

import pytest

from local.pipeline.journal import Journal


@pytest.fixture(name="journal")
def _journal(tmp_path):
    journal = Journal(tmp_path / "state" / "journal.sqlite")
    yield journal
    journal.close()


def test_a_document_is_found_as_it_was_written(journal):
    journal.put("deployment", "d-1", {"status": "InProgress", "weights": [[1.5, 10]], "error": None})

    assert journal.get("deployment", "d-1") == {"status": "InProgress", "weights": [[1.5, 10]], "error": None}
    assert journal.get("execution", "d-1") is None


def test_documents_come_in_the_order_in_which_they_were_new(journal):
    for key in ("d-2", "d-1", "d-3"):
        journal.put("deployment", key, {"id": key, "status": "Created"})
    journal.put("execution", "e-1", {"id": "e-1"})

    journal.put("deployment", "d-2", {"id": "d-2", "status": "Succeeded"})

    assert [one["id"] for one in journal.all("deployment")] == ["d-2", "d-1", "d-3"]
    assert journal.all("deployment")[0]["status"] == "Succeeded"


def test_a_document_that_was_removed_is_gone(journal):
    journal.put("task set", "ecs-svc/1", {})

    journal.remove("task set", "ecs-svc/1")

    assert journal.get("task set", "ecs-svc/1") is None
    assert journal.all("task set") == []


def write_and_die(journal):
    with journal.together():
        journal.put("deployment", "d-1", {})
        with journal.together():
            journal.announce({"state": "START"})
        raise RuntimeError("the runner dies here")


def test_what_belongs_together_is_written_whole_or_not_at_all(journal):
    with pytest.raises(RuntimeError):
        write_and_die(journal)

    assert journal.all("deployment") == []
    assert journal.events() == []


def test_the_journal_goes_on_after_a_failure(journal):
    with pytest.raises(RuntimeError):
        write_and_die(journal)

    journal.put("deployment", "d-1", {})

    assert len(journal.all("deployment")) == 1


def test_everything_outlives_the_process(journal, tmp_path):
    journal.put("deployment", "d-1", {"status": "InProgress"})
    journal.announce({"state": "START"})

    again = Journal(tmp_path / "state" / "journal.sqlite")

    assert again.get("deployment", "d-1") == {"status": "InProgress"}
    assert [event for _, event in again.unsent()] == [{"state": "START"}]
    again.close()


def test_events_wait_until_they_are_sent_and_are_kept_after(journal):
    for state in ("START", "STOP"):
        journal.announce({"state": state})
    (first, _), (second, _) = journal.unsent()

    journal.sent(first)

    assert [event for _, event in journal.unsent()] == [{"state": "STOP"}]
    assert [event["state"] for _, event in journal.events()] == ["START", "STOP"]
    assert [event["state"] for _, event in journal.events(first)] == ["STOP"]
    assert journal.events(second) == []


def test_several_threads_lose_nothing(journal):
    def work(name):
        for number in range(20):
            with journal.together():
                count = (journal.get("count", "all") or {"count": 0})["count"]
                journal.put("count", "all", {"count": count + 1})
                journal.put("work", f"{name}-{number}", {})

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert journal.get("count", "all") == {"count": 80}
    assert len(journal.all("work")) == 80


def test_what_is_over_is_kept_and_no_longer_among_what_is_under_way(journal):
    for key in ("d-1", "d-2"):
        journal.put("deployment", key, {"id": key})

    journal.put("deployment", "d-1", {"id": "d-1", "status": "Succeeded"}, is_over=True)

    assert [one["id"] for one in journal.under_way("deployment")] == ["d-2"]
    assert [one["id"] for one in journal.all("deployment")] == ["d-1", "d-2"]
    assert journal.under_way("execution") == []


def test_the_newest_of_a_kind_and_those_with_a_member_are_found(journal):
    for number in range(3):
        journal.put("deployment", f"d-{number}", {"id": f"d-{number}", "execution": f"e-{number % 2}"})
    journal.put("execution", "e-1", {"id": "e-1"})

    assert journal.newest("deployment")["id"] == "d-2"
    assert journal.newest("task set") is None
    assert [one["id"] for one in journal.where("deployment", "execution", "e-0")] == ["d-0", "d-2"]


def test_a_document_that_did_not_change_is_not_written_again(journal):
    journal.put("deployment", "d-1", {"id": "d-1"})
    before = journal._db.total_changes

    journal.put("deployment", "d-1", {"id": "d-1"})

    assert journal._db.total_changes == before


def test_a_journal_of_an_earlier_lantern_is_taken_over(tmp_path):
    with sqlite3.connect(tmp_path / "journal.sqlite") as old:
        old.execute(
            "CREATE TABLE documents (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, "
            "number INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )
        old.execute("INSERT INTO documents VALUES ('deployment', 'd-1', '{}', 1)")
    old.close()

    journal = Journal(tmp_path / "journal.sqlite")

    assert journal.under_way("deployment") == [{}]
    journal.close()
