"""The labs of the pipeline before its own API, with a history that was really rehearsed.

In its order: a good release, one that is slow, one with errors, a hotfix, a good one.
"""

import pytest

from labs.attempts import Attempt, Store
from labs.course import find
from labs.deliveries import Deliveries
from labs.lab import DONE, NOT_YET, WRONG, Question
from labs.runner import result_of
from labs.settings import Settings
from labs.shop import Answer
from labs.workspace import Workspace
from tests.unit.dora import laptop, outputs, rehearsed


@pytest.fixture(name="history", scope="module")
def _history():
    return rehearsed.load()


@pytest.fixture(name="pipeline", scope="module")
def _pipeline(history, tmp_path_factory):
    with laptop.serve(tmp_path_factory.mktemp("pipeline"), history.fill) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(name="executions")
def _executions(history):
    """The executions, oldest first."""
    return sorted(history.documents["execution"].values(), key=lambda each: each["created"])


@pytest.fixture(name="begun")
def _begun(pipeline, executions, monkeypatch, tmp_path):
    """A function: the view of a lab's attempt that began at an instant, with the facts that prepare chose."""
    outputs.environment(monkeypatch, pipeline)
    newest = Answer(200, {"version": executions[-1]["commit"][:7]}, "")
    monkeypatch.setattr("labs.shop.Shop.ask", lambda self, path, **options: newest)

    def view(lab, began, **facts):
        attempt = Attempt(lab, "a1b2c3d4", 1, began, is_prepared=True)
        attempt.facts = {"branch": "b", "tree": "t"} | facts
        return Workspace(Settings(pipeline=pipeline), Store(tmp_path), attempt)

    return view


def states(work):
    return {step.name: result_of(work, step).state for step in find(work.attempt.lab).lab.steps}


def answer_all(work):
    """Give each question the answer that the lab computes."""
    for step in find(work.attempt.lab).lab.steps:
        if isinstance(step, Question):
            work.attempt.answers[step.name] = [step.answer(work)]


@pytest.mark.parametrize("service", ["catalog", "orders", "storefront"])
def test_a_commit_to_all_traffic_is_seen_in_each_service(begun, executions, service):
    work = begun("09", executions[-1]["authored"], service=service)

    answer_all(work)

    assert set(states(work).values()) == {DONE}


@pytest.mark.parametrize(("number", "service"), [(1, "catalog"), (2, "orders")])
def test_a_stopped_release_and_its_fix_are_seen(begun, executions, number, service):
    bad = executions[number]["commit"]
    work = begun("10", executions[number]["authored"], bad=bad)

    answer_all(work)

    assert result_of(work, find("10").lab.steps[0]).found.startswith(service)
    assert set(states(work).values()) == {DONE}
    assert work.attempt.answers["alarm"][0].startswith(f"lantern-{service}-")


def test_the_share_of_the_traffic_is_the_canarys_or_all(begun, executions, history):
    """By what the load balancer was told, which the API does not say."""
    for number in (1, 2):
        work = begun("10", executions[number]["authored"], bad=executions[number]["commit"])
        answer_all(work)
        stopped = [
            each for each in history.documents["deployment"].values() if each["error_code"] == "ALARM_ACTIVE"
        ]
        weights = sorted(max(percent for _, percent in each["weights"]) for each in stopped)
        assert int(work.attempt.answers["share"][0]) in weights


def test_the_figures_of_a_lab_are_those_of_the_services_that_failed(begun, pipeline, monkeypatch, tmp_path):
    """In the history catalog has 1 failure of 5, orders 1 of 4, storefront none; so nothing is rehearsed."""
    for name in ("PIPELINE_PORT", "XRAY_PORT"):
        monkeypatch.setenv(name, pipeline.rpartition(":")[2])
    monkeypatch.setenv("LANTERN_DIR", str(tmp_path))
    monkeypatch.setattr(Workspace, "work_tree", lambda self: tmp_path)
    work = begun("12", 0.0)

    find("12").lab.prepare(work)

    facts = work.facts
    expected = {"catalog": (5, 20), "orders": (4, 25)}[facts["service"]]
    assert (facts["counted"], round(facts["rate"]), len(facts["failed"])) == (*expected, 1)


def test_what_was_rehearsed_before_an_attempt_began_counts_for_nothing(begun, history, executions):
    for lab in ("09", "10"):
        work = begun(lab, history.ended_at + 1, service="catalog", bad=executions[1]["commit"])

        assert set(states(work).values()) == {NOT_YET}
        assert Deliveries(work).executions == Deliveries(work).deployments == []


def test_an_older_commit_in_production_is_no_release_of_the_attempt(begun, executions):
    work = begun("09", executions[-1]["created"] - 0.1, service="catalog")

    result = result_of(work, find("09").lab.steps[0])

    assert (result.state, "older than this attempt" in result.found) == (WRONG, True)


def test_without_a_pipeline_nothing_was_done(begun, monkeypatch):
    work = begun("09", 0.0, service="catalog")
    for name in ("CODEPIPELINE", "CODEDEPLOY"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", "http://127.0.0.1:9")

    assert set(states(work).values()) == {NOT_YET}
