"""The labs of the pipeline: what their checks say of a history in which something is wrong, or missing."""

from pathlib import Path

import pytest

from labs.attempts import Attempt, Store
from labs.course import find
from labs.deliveries import Deliveries, Deployment, Event, Execution
from labs.lab import DONE, NOT_YET, WAIT, WRONG
from labs.runner import result_of
from labs.settings import Settings
from labs.shop import Answer
from labs.workspace import Workspace

BEGAN = 1_000_000.0
FIGURES = {"counted": 3, "rate": 100 / 3, "failed": ["d-first", "d-catalog"], "recovery": 11.6}
BAD, FIX, OLD = "bad0" * 10, "f1f0" * 10, "01d0" * 10


def execution(commit, began, status="Succeeded", authored=BEGAN + 5):
    return Execution(
        id=f"e-{commit[:4]}", status=status, began=began, commit=commit, authored=authored, summary="a commit"
    )


def deployment(service="catalog", *, shift="Succeeded", began=BEGAN + 20, **fields):
    events = {
        "AllowTestTraffic": Event(began, began + 1, "Succeeded"),
        "AllowTraffic": Event(began + 4.25, began + 10, shift),
    }
    groups = {f"lantern-{service}-blue": 0.0, f"lantern-{service}-green": 100.0}
    known = {"id": f"d-{service}", "status": "Succeeded", "events": events, "target_groups": groups}
    return Deployment(service=service, **(known | fields))


STOPPED = deployment(
    shift="Failed",
    status="Stopped",
    error_code="ALARM_ACTIVE",
    error="alarms in ALARM: lantern-catalog-green-latency",
    ended=BEGAN + 32,
)
ROLLBACK = deployment(id="d-back", creator="codeDeployRollback")
BAD_EXECUTION = execution(BAD, BEGAN + 10, "Failed")


@pytest.fixture(name="history")
def _history(monkeypatch):
    """Sets what the pipeline has done: executions and deployments of the newest of them."""

    def set_history(executions=(), deployments=(), rang=()):
        monkeypatch.setattr(Deliveries, "executions", list(executions))
        monkeypatch.setattr(Deliveries, "deployments", list(deployments))
        monkeypatch.setattr(Deliveries, "of", lambda self, execution: list(deployments))
        monkeypatch.setattr(Deliveries, "rang", lambda self, service, since, until: list(rang))
        monkeypatch.setattr(Deliveries, "share_percent", lambda self, deployment: 10)

    return set_history


@pytest.fixture(name="version")
def _version(monkeypatch):
    """Sets the version that the rehearsed shop says."""

    def set_version(commit):
        answer = Answer(200, {"version": commit[:7]}, "")
        monkeypatch.setattr("labs.shop.Shop.ask", lambda self, path, **options: answer)

    return set_version


def work(lab, tmp_path=Path("/nowhere"), **facts):
    attempt = Attempt(lab, "a1b2c3d4", 1, BEGAN, is_prepared=True)
    attempt.facts = {"service": "catalog", "branch": "b", "tree": "t", "bad": BAD, **FIGURES} | facts
    return Workspace(Settings(), Store(tmp_path), attempt)


def checked(lab, name, value=""):
    """What the check of a step says; of a question, with an answer."""
    step = next(step for step in find(lab).lab.steps if step.name == name)
    space = work(lab)
    if value:
        space.attempt.answers[name] = [value]
    return result_of(space, step)


def right_answer(lab, name):
    return next(step for step in find(lab).lab.steps if step.name == name).answer(work(lab))


@pytest.mark.parametrize(
    ("executions", "state", "words"),
    [
        ([], NOT_YET, "no execution"),
        ([execution(OLD, BEGAN + 1, authored=BEGAN - 9)], WRONG, "older than this attempt"),
        ([execution(FIX, BEGAN + 1, "InProgress")], WAIT, "under way"),
        ([execution(FIX, BEGAN + 1, "Failed")], WRONG, "catalog: ALARM_ACTIVE: alarms in ALARM"),
        ([execution(FIX, BEGAN + 1)], DONE, "f1f0f1f: a commit"),
    ],
)
def test_a_release_counts_when_a_commit_of_this_attempt_is_in_production(
    history, version, executions, state, words
):
    history(executions, [STOPPED])
    version(FIX)

    result = checked("09", "released")

    assert (result.state, words in result.found) == (state, True), result


def test_a_release_that_production_does_not_serve_is_wrong(history, version):
    history([execution(FIX, BEGAN + 1)])
    version(OLD)

    assert "production serves 01d001d, not f1f0f1f" in checked("09", "released").found


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("version", OLD[:7], OLD[:7]),
        ("version", FIX, "whole id"),
        ("group", "lantern-catalog-blue", "whose traffic weight is 0"),
        ("group", "green", "green"),
        ("tried", "5.75", "5.75"),
        ("canary", "300", "hurried"),
        ("canary", "soon", "soon"),
    ],
)
def test_a_wrong_answer_about_a_release_is_told(history, version, name, value, words):
    history([execution(FIX, BEGAN + 1)], [deployment()])
    version(FIX)

    result = checked("09", name, value)

    assert (result.state, words in result.found) == (WRONG, True), result
    assert checked("09", name, right_answer("09", name)).state == DONE


@pytest.mark.parametrize("name", ["version", "group", "tried", "canary"])
def test_before_the_release_no_answer_is_right(history, name):
    history()

    assert checked("09", name, "5").state == NOT_YET


@pytest.mark.parametrize(
    ("executions", "deployments", "state", "words"),
    [
        ([], [], NOT_YET, "no execution"),
        ([execution(OLD, BEGAN + 1)], [], WRONG, "is of 01d001d, not of bad0bad"),
        ([execution(BAD, BEGAN + 1, "InProgress")], [], WAIT, "under way"),
        ([execution(BAD, BEGAN + 1)], [deployment()], WRONG, "no alarm went off"),
        (
            [BAD_EXECUTION],
            [STOPPED, deployment(creator="codeDeployRollback", status="InProgress")],
            WAIT,
            "back",
        ),
        ([BAD_EXECUTION], [STOPPED, ROLLBACK], DONE, "catalog by ALARM_ACTIVE"),
    ],
)
def test_a_bad_release_counts_as_stopped_when_an_alarm_took_it_back(
    history, executions, deployments, state, words
):
    history(executions, deployments)

    result = checked("10", "stopped")

    assert (result.state, words in result.found) == (state, True), result


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("alarm", "lantern-orders-green-errors", "an alarm of orders; catalog was rolled back"),
        ("alarm", "lantern-catalog-unanswered", "did not ring"),
        ("share", "100", "100"),
        ("share", "all", "all"),
        ("exposed", "12", "12"),
    ],
)
def test_a_wrong_answer_about_a_bad_release_is_told(history, name, value, words):
    history([BAD_EXECUTION], [STOPPED, ROLLBACK])

    result = checked("10", name, value)

    assert (result.state, words in result.found) == (WRONG, True), result
    assert checked("10", name, right_answer("10", name)).state == DONE


def test_an_alarm_of_the_service_that_rang_meanwhile_is_right_as_well(history):
    history([BAD_EXECUTION], [STOPPED], rang=["lantern-catalog-blue-latency"])

    assert checked("10", "alarm", "lantern-catalog-blue-latency").state == DONE


@pytest.mark.parametrize(
    ("later", "state", "words"),
    [
        ([], NOT_YET, "no execution since the bad release"),
        ([execution(OLD, BEGAN + 50, authored=BEGAN - 9)], WRONG, "older than this attempt"),
        ([execution(FIX, BEGAN + 50, "Stopped")], WRONG, "stopped"),
        ([execution(FIX, BEGAN + 50)], DONE, "f1f0f1f"),
    ],
)
def test_a_fix_forward_is_a_new_commit_that_serves_all_traffic(history, later, state, words):
    history([BAD_EXECUTION, *later], [STOPPED, ROLLBACK])

    result = checked("10", "fixed")

    assert (result.state, words in result.found) == (state, True), result


def test_without_a_bad_release_nothing_can_be_mended(history):
    history([execution(FIX, BEGAN + 50)], [deployment()])

    assert checked("10", "fixed").state == NOT_YET
    assert checked("10", "exposed", "12").state == NOT_YET


def test_hints_of_each_step_differ_before_and_after_it(history, version):
    version(FIX)
    for history_of_lab in ([], [BAD_EXECUTION]):
        history(history_of_lab, [STOPPED] if history_of_lab else [])
        for lab in ("09", "10", "12"):
            for step in find(lab).lab.steps:
                assert len(set(step.hints(work(lab)))) == 3


def report(rate):
    return {"services": {"catalog": {"metrics": {"change fail rate": {"value": rate}}}}}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("counted", "4", "4"),
        ("rate", "66 %", "66 %"),
        ("failed", "d-first", "not the newest"),
        ("failed", "d-other", "d-other"),
        ("recovery", "15", "15"),
    ],
)
def test_a_wrong_figure_is_told(name, value, words):
    result = checked("12", name, value)

    assert (result.state, words in result.found) == (WRONG, True), result
    assert checked("12", name, right_answer("12", name)).state == DONE


@pytest.mark.parametrize(
    ("executions", "deployments", "after", "state", "words"),
    [
        ([], [], None, NOT_YET, "no deployment of catalog since"),
        ([execution(FIX, BEGAN + 1, "InProgress")], [], None, WAIT, "under way"),
        ([], [ROLLBACK], None, NOT_YET, "no deployment of catalog since"),
        ([], [deployment()], 0.5, WRONG, "50 %: what was deployed since did not lower"),
        ([], [deployment()], 0.25, DONE, "from 33 % to 25 %"),
    ],
)
def test_a_figure_is_better_when_it_is_lower_than_at_the_beginning(
    history, monkeypatch, executions, deployments, after, state, words
):
    history(executions, deployments)
    monkeypatch.setattr("labs.local_commands.figures", lambda: report(after))

    result = checked("12", "improved")

    assert (result.state, words in result.found) == (state, True), result
