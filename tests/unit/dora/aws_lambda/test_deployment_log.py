"""A deployment is told when it is new and when it becomes something else."""

from dora import json_report
from dora.aws_lambda import deployment_log
from dora.metrics import report
from tests.unit.dora import histories
from tests.unit.dora.histories import NOVEMBER

GOOD = histories.good("d-1", "1 10:00", "1 10:05", "1 10:10", revision="a" * 40)
BLOCKED = histories.bad("d-2", "2 10:00", None, "2 10:15", error="TIMEOUT")


def document(*records):
    return json_report.document(report(histories._history(records, {}), NOVEMBER, NOVEMBER.end))


def test_everything_is_new_at_first_and_stands_in_the_order_of_time():
    told = list(deployment_log.lines({}, document(BLOCKED, GOOD)))

    assert [(line["deployment"], line["class"]) for line in told] == [("d-1", "ok"), ("d-2", "blocked")]
    assert told[0]["revision"] == "a" * 12
    assert told[1]["why"] == "TIMEOUT"


def test_nothing_is_told_twice():
    assert list(deployment_log.lines(document(GOOD), document(GOOD))) == []


def test_a_deployment_that_an_incident_makes_a_failure_is_told_again():
    incident = histories.incident("i-1", "1 10:30", deployment="d-1")

    (told,) = deployment_log.lines(document(GOOD), document(GOOD, incident))

    assert (told["deployment"], told["class"]) == ("d-1", "failed")
    assert "i-1" in told["why"]
