"""When a history is read again, and what a page shows meanwhile; what is read is dora's to test."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.app import create_app
from console.dora import history as history_module
from console.dora import routes
from console.dora.history import FRESH_S, HistoryReader
from console.settings import Settings
from console.shared.errors import AwsError
from dora.records import History

DECLARED = {
    "stages": [
        {
            "actions": [
                {"actionTypeId": {"provider": "CodeCommit"}, "configuration": {"RepositoryName": "lamps"}}
            ]
        }
    ]
}


class Account:
    """Stands for the console's clients; `gather` reads it, as often as it is asked."""

    has_stand_ins = True

    def __init__(self):
        self.pool, self.now, self.read = ThreadPoolExecutor(2), 1000.0, []
        self.gate, self.problem, self.alarms_problem = threading.Event(), None, None
        self.gate.set()

    def client(self, service):
        return service

    def is_stand_in(self, service):
        return self.has_stand_ins

    def ask(self, service, operation, name):
        assert (service, operation) == ("codepipeline", "get_pipeline")
        return {"pipeline": DECLARED}

    def start(self, work):
        return self.pool.submit(work)

    def gather(self, _session, pipeline, **parameters):
        assert set(parameters) == {"since", "answers", "commits"}
        self.gate.wait(5)
        self.read.append(pipeline)
        if self.problem:
            raise self.problem
        return History()

    def incidents(self, history, client, prefix):
        assert prefix == "lantern-"
        if self.alarms_problem:
            raise self.alarms_problem
        return history


@pytest.fixture(name="account")
def _account(monkeypatch):
    account = Account()
    monkeypatch.setattr(history_module, "gather", account.gather)
    monkeypatch.setattr(history_module, "with_alarms", account.incidents)
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
    account.alarms_problem = AwsError("DescribeAlarmHistory: AccessDenied")

    assert read("lantern").problems == (
        "The alarms' history can't be read: DescribeAlarmHistory: AccessDenied",
    )


def test_codecommit_is_asked_for_its_log_if_it_is_the_pipelines_source(account, read, monkeypatch):
    account.has_stand_ins = False
    repositories = []
    monkeypatch.setattr(
        history_module.codecommit,
        "add_commits",
        lambda history, name, **_: (repositories.append(name), history)[1],
    )

    read("lantern")

    assert repositories == ["lamps"]


def test_a_stand_in_is_not_asked_for_commits(account, read, monkeypatch):
    monkeypatch.setattr(history_module.codecommit, "add_commits", None)

    assert read("lantern").problems == ()


def test_during_the_first_reading_the_page_says_so_and_refreshes_itself(monkeypatch):
    application = create_app(Settings())
    monkeypatch.setattr(application.extensions["history_reader"], "reading", lambda _: None)
    monkeypatch.setattr(routes, "list_pipelines", lambda: (["lantern"], ""))

    page = application.test_client().get("/dora").text

    assert "Reading the history of <strong>lantern</strong>" in page
    assert 'data-live="2000"' in page
