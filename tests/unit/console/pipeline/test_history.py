"""When a history is read again, and what a page shows meanwhile; what is read is dora's to test."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from console.app import create_app
from console.dora import routes
from console.pipeline.history import FRESH_S, HistoryReader
from console.settings import Settings
from console.shared.errors import AwsError
from dora.readers import pipeline_history
from dora.readers.pipeline_history import Problem
from dora.records import History


def refused(operation):
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


class Account:
    """Stands for the console's clients; dora's reading comes from it, as often as it is asked."""

    def __init__(self):
        self.pool, self.now, self.read = ThreadPoolExecutor(2), 1000.0, []
        self.gate, self.problem, self.problems = threading.Event(), None, []
        self.gate.set()

    def start(self, work):
        return self.pool.submit(work)

    def history(self, _session, pipeline, *, alarms, traces, since, caches):
        assert (alarms, traces) == ("lantern-", True)
        self.caches = caches
        self.gate.wait(5)
        self.read.append(pipeline)
        if self.problem:
            raise self.problem
        return History(), self.problems


@pytest.fixture(name="account")
def _account(monkeypatch):
    account = Account()
    monkeypatch.setattr(pipeline_history, "read", account.history)
    yield account
    account.gate.set()
    account.pool.shutdown()


@pytest.fixture(name="read")
def _read(account):
    reader = HistoryReader(account, "lantern-", lambda: account.now)
    return reader.reading


def test_a_reading_is_kept_for_a_minute(account, read):
    first = read("lantern")
    account.now += FRESH_S - 1
    again = read("lantern")
    account.now += 1
    later = read("lantern")

    assert again is first
    assert later is not first
    assert len(account.read) == 2


def test_each_pipeline_has_its_own_reading(account, read):
    read("lantern")
    read("other")

    assert account.read == ["lantern", "other"]


def test_during_the_first_reading_there_is_no_answer_and_no_second_reading_starts(account, read):
    account.gate.clear()

    assert read("lantern", 0.01) is None
    assert read("lantern", 0.01) is None
    account.gate.set()

    assert read("lantern") is not None
    assert len(account.read) == 1


def test_an_old_reading_is_shown_while_a_new_one_goes_on(account, read):
    first = read("lantern")
    account.now += FRESH_S
    account.gate.clear()

    assert read("lantern", 0.01) is first


def test_a_refusal_is_raised_and_the_next_page_asks_again(account, read):
    account.problem = AwsError("no")
    with pytest.raises(AwsError):
        read("lantern")
    account.problem = None

    assert read("lantern") is not None


def test_without_the_alarms_history_the_reading_says_why(account, read):
    account.problems = [Problem("The alarms' history", refused("DescribeAlarmHistory"))]

    (problem,) = read("lantern").problems

    assert problem.startswith("The alarms' history can't be read: ")
    assert "AccessDenied" in problem


def test_answers_that_can_not_change_are_kept_between_two_readings(account, read):
    read("lantern")
    first = account.caches
    account.now += FRESH_S

    read("lantern")

    assert account.caches is first


def test_during_the_first_reading_the_page_says_so_and_refreshes_itself(monkeypatch):
    application = create_app(Settings())
    monkeypatch.setattr(application.extensions["history_reader"], "reading", lambda _: None)
    monkeypatch.setattr(routes, "list_pipelines", lambda: (["lantern"], ""))

    page = application.test_client().get("/dora").text

    assert "Reading the history of <strong>lantern</strong>" in page
    assert 'data-live="2000"' in page
