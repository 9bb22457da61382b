import pytest

from local.rehearsal.verdict import COULD_NOT_RUN, DEPLOYED, STOPPED, judge
from tests.unit.local.rehearsal.snapshots import START, action, deployment, event, execution, snapshot

CATALOG = deployment(id="d-CATALOG", group="catalog", phase="ended", status="Succeeded")


def ended(status, *deployments, actions=(), **members):
    return snapshot(execution=execution(*actions, status=status, **members), deployments=list(deployments))


def failed(
    name="orders", *, weights=(), error="ALARM_ACTIVE", at="AllowTraffic", phase="ended", rollback="d-B"
):
    events = [event("Install", "Succeeded", 1, 1)] + ([event(at, "Failed", 2, 1)] if at else [])
    return deployment(
        *events,
        group=name,
        phase=phase,
        status="Stopped" if error == "MANUAL_STOP" else "Failed",
        weights=[(START, share) for share in weights],
        error_code=error,
        error_message="so it was",
        rollback=rollback,
    )


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_there_is_no_verdict_before_the_execution_is_over(status):
    assert judge(ended(status)) is None


@pytest.mark.parametrize("phase", ["ending green", "ending blue", "keeping blue"])
def test_there_is_no_verdict_before_its_deployments_are_over(phase):
    assert judge(ended("Failed", failed(phase=phase))) is None


def test_a_commit_that_serves_all_traffic_is_deployed():
    verdict = judge(ended("Succeeded", CATALOG))

    assert verdict.code == DEPLOYED == 0
    assert verdict.lines == ("Deployed: 0123456 serves all traffic of orders.",)


def test_a_rollback_names_event_share_and_error():
    verdict = judge(ended("Failed", failed(weights=[10, 0])))

    assert verdict.code == STOPPED == 3
    assert verdict.lines == (
        "orders: rolled back in AllowTraffic, 10 % of production saw it at most.",
        "  ALARM_ACTIVE: so it was",
    )


def test_a_release_that_a_hook_refuses_was_never_seen():
    verdict = judge(ended("Failed", failed(at="AfterAllowTestTraffic", error="HOOK_EXECUTION_FAILURE")))

    assert verdict.code == STOPPED
    assert "rolled back in AfterAllowTestTraffic, production never saw it" in verdict.lines[0]


def test_a_stop_while_blue_is_kept_says_so():
    verdict = judge(ended("Failed", failed(weights=[10, 100, 0], error="MANUAL_STOP", at="")))

    assert "rolled back in the wait before blue ends, 100 % of production saw it" in verdict.lines[0]


def test_a_release_that_had_no_tasks_yet_is_taken_away():
    verdict = judge(ended("Failed", failed(at="BeforeInstall", rollback="")))

    assert verdict.lines[0].startswith("orders: taken away in BeforeInstall")


def test_deployments_before_the_failure_are_named_too():
    verdict = judge(ended("Failed", CATALOG, failed()))

    assert verdict.code == STOPPED
    assert verdict.lines[-1] == "catalog had been deployed and stays."


@pytest.mark.parametrize(("reason", "words"), [("not today", "not today"), ("", "no reason given")])
def test_a_stop_before_any_deployment_says_why(reason, words):
    verdict = judge(ended("Stopped", stop_reason=reason))

    assert (verdict.code, verdict.lines) == (STOPPED, (f"Stopped before a deployment began: {words}",))


def test_a_stop_after_a_deployment_says_what_stays():
    verdict = judge(ended("Stopped", CATALOG, stop_reason="that will do"))

    assert verdict.lines == ("Stopped: that will do", "catalog had been deployed and stays.")


def test_a_rejection_is_a_stop_with_its_reason():
    rejected = action("Agree", "Approval", "Failed", 1, 9, summary="not on a Friday")

    verdict = judge(ended("Failed", actions=[("Approval", rejected)]))

    assert (verdict.code, verdict.lines) == (
        STOPPED,
        ("Rejected before a deployment began: not on a Friday",),
    )


def test_a_failed_build_could_not_run_and_names_its_log():
    failed_build = action(
        "orders", "Build", "Failed", 1, 9, error_code="CLIENT_ERROR", error_message="make fails"
    )

    verdict = judge(ended("Failed", actions=[("Build", failed_build)]))

    assert verdict.code == COULD_NOT_RUN == 2
    assert verdict.lines == (
        "Build orders failed before any container of it started.",
        "  CLIENT_ERROR: make fails",
        "  its log: aws logs get-log-events --log-group-name /lantern/codebuild "
        "--log-stream-name of-this-build --output text",
    )


def test_a_bad_task_definition_could_not_run_and_needs_no_log():
    refused = action(
        "orders", "Deploy", "Failed", 1, 1, error_code="ClientException", error_message="no memory"
    )

    verdict = judge(ended("Failed", CATALOG, actions=[("Deploy", refused)]))

    assert verdict.code == COULD_NOT_RUN
    assert verdict.lines == (
        "Deploy orders failed before any container of it started.",
        "  ClientException: no memory",
        "catalog had been deployed and stays.",
    )
