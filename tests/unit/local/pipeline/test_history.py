"""What the pipeline remembers of commits and alarms, asked for by boto3 over HTTP."""

import json
import subprocess
import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, make_server

import boto3
import pytest
from botocore.exceptions import ClientError

from local.awsapi import operations
from local.awsapi.application import Application
from local.pipeline.cloudwatch.alarm_states import AlarmStates
from local.pipeline.cloudwatch.alarms import AlarmState
from local.pipeline.cloudwatch.metrics import Metrics
from local.pipeline.journal import Journal
from tests.unit.local.pipeline.stepped_runner import ManualClock

ALARM = "lantern-orders-green-errors"


class Silent(WSGIRequestHandler):
    """Logs no request."""

    def log_message(self, *_):
        pass


@pytest.fixture(name="alarms")
def _alarms(architecture, tmp_path):
    clock = ManualClock()
    states = AlarmStates(architecture, Journal(tmp_path / "journal.sqlite"), Metrics(clock), clock)
    states.clock = clock
    return states


@pytest.fixture(name="client")
def _client(repository, alarms):
    """boto3's client of a service, against the operations that are here."""
    parts = SimpleNamespace(repository=repository, alarms=alarms)
    servers = []

    def client(service):
        application = Application(service, operations.load(f"local.pipeline.{service}.operations", parts))
        server = make_server("127.0.0.1", 0, application, handler_class=Silent)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    yield client
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def change(alarms, alarm, state, before, at):
    alarms.clock.time = at
    alarms._announce(alarm, AlarmState(state, "because"), AlarmState(before, ""), at)


def git(repository, *arguments):
    done = subprocess.run(
        ["git", "-C", str(repository.path), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_commit_has_its_parents_its_whole_message_and_the_committers_date(client, repository):
    head, tree = git(repository, "rev-parse", "main"), git(repository, "rev-parse", "main^{tree}")
    who = {
        f"GIT_{role}_{part}": "ada@lantern.invalid"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    made = subprocess.run(
        [
            "git",
            "-C",
            str(repository.path),
            "commit-tree",
            tree,
            "-p",
            head,
            "-m",
            "Fix\n\nFixes-Deployment: d-1",
        ],
        env=who | {"GIT_COMMITTER_DATE": "@1800000000 +0100", "GIT_AUTHOR_DATE": "@1700000000 +0000"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()

    commit = client("codecommit").get_commit(repositoryName="lantern", commitId=made)["commit"]

    assert (commit["commitId"], commit["parents"], commit["treeId"]) == (made, [head], tree)
    assert commit["message"] == "Fix\n\nFixes-Deployment: d-1"
    assert (commit["committer"]["date"], commit["author"]["date"]) == ("1800000000 +0100", "1700000000 +0000")
    assert commit["author"]["email"] == "ada@lantern.invalid"


@pytest.mark.parametrize(
    ("name", "commit", "code"),
    [
        ("lamp", "a" * 40, "RepositoryDoesNotExistException"),
        ("lantern", "a" * 40, "CommitIdDoesNotExistException"),
        ("lantern", "--output=/tmp/x", "CommitIdDoesNotExistException"),
    ],
)
def test_a_commit_that_is_not_there_is_refused_as_aws_does(client, name, commit, code):
    with pytest.raises(ClientError) as refused:
        client("codecommit").get_commit(repositoryName=name, commitId=commit)

    assert refused.value.response["Error"]["Code"] == code


def test_an_alarms_history_is_its_changes_the_newest_first(client, alarms):
    change(alarms, ALARM, "ALARM", "OK", 1_800_000_000.25)
    change(alarms, ALARM, "OK", "ALARM", 1_800_000_005.5)
    change(alarms, "lantern-catalog-unanswered", "ALARM", "OK", 1_800_000_007.0)

    history = client("cloudwatch").describe_alarm_history(AlarmName=ALARM, HistoryItemType="StateUpdate")

    entries = history["AlarmHistoryItems"]
    assert [entry["Timestamp"] for entry in entries] == [
        datetime.fromtimestamp(at, UTC) for at in (1_800_000_005.5, 1_800_000_000.25)
    ]
    assert json.loads(entries[1]["HistoryData"])["newState"] == {
        "stateValue": "ALARM",
        "stateReason": "because",
    }


def test_a_long_history_comes_in_pages_and_may_be_cut(client, alarms):
    for number in range(250):
        change(
            alarms, ALARM, ("OK", "ALARM")[number % 2], ("ALARM", "OK")[number % 2], 1_800_000_000.0 + number
        )
    cloudwatch = client("cloudwatch")

    pages = list(cloudwatch.get_paginator("describe_alarm_history").paginate(ScanBy="TimestampAscending"))
    cut = cloudwatch.describe_alarm_history(
        StartDate=datetime.fromtimestamp(1_800_000_010, UTC),
        EndDate=datetime.fromtimestamp(1_800_000_012, UTC),
    )
    other = cloudwatch.describe_alarm_history(HistoryItemType="ConfigurationUpdate")

    assert [len(page["AlarmHistoryItems"]) for page in pages] == [100, 100, 50]
    times = [entry["Timestamp"] for page in pages for entry in page["AlarmHistoryItems"]]
    assert times == sorted(times)
    assert len(cut["AlarmHistoryItems"]) == 3
    assert other["AlarmHistoryItems"] == []


def test_alarms_are_found_by_their_prefix_and_have_their_state(client, alarms):
    names = {alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]}
    orders = client("cloudwatch").describe_alarms(AlarmNamePrefix="lantern-orders-", MaxRecords=1)

    assert names == set(alarms.all())
    assert [alarm["StateValue"] for alarm in orders["MetricAlarms"]] == ["OK"]
    assert orders["NextToken"]
