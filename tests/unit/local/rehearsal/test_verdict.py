from local.rehearsal.verdict import COULD_NOT_RUN, DEPLOYED, STOPPED, judge
from tests.unit.local.rehearsal.snapshots import action, deployment, snapshot, with_event


def ended(status, actions=(), deployments=(), **more):
    found = snapshot(actions, deployments)
    found["execution"] |= {"status": status} | more
    return found


def test_there_is_none_while_it_works_or_a_rollback_drains():
    draining = [deployment(status="Stopped", phase="ended"), deployment(id="d-2", rolls_back="d-1")]

    assert judge(snapshot()) is None
    assert judge(ended("Failed", deployments=draining)) is None


def test_all_three_services_are_named_when_it_is_deployed():
    verdict = judge(ended("Succeeded"))

    assert verdict.code == DEPLOYED
    assert verdict.lines == ("Deployed: 0123456 serves all traffic of orders.",)


def test_a_rolled_back_deployment_says_where_how_much_and_why():
    one = deployment(status="Stopped", phase="ended", weights=[[1.0, 10], [2.0, 0]], rollback="d-2")
    one |= {"error_code": "ALARM_ACTIVE", "error_message": "One or more alarms"}

    verdict = judge(ended("Failed", deployments=[with_event(one, "AllowTraffic", "Failed")]))

    assert verdict.code == STOPPED
    assert verdict.lines == (
        "orders: rolled back in AllowTraffic, 10 % of production saw it at most.",
        "  ALARM_ACTIVE: One or more alarms",
    )


def test_what_the_hook_refused_was_never_seen_by_production():
    one = deployment(status="Failed", phase="ended", rollback="d-2", error_code="HOOK_EXECUTION_FAILURE")

    verdict = judge(ended("Failed", deployments=[with_event(one, "AfterAllowTestTraffic", "Failed")]))

    assert "production never saw it" in verdict.lines[0]


def test_a_failed_build_could_not_run_and_its_log_can_be_read():
    failed = action(
        "orders", "Build", "Failed", error_code="COMMAND_EXECUTION_ERROR", error_message="exit status 1"
    )

    verdict = judge(ended("Failed", [failed]))

    assert verdict.code == COULD_NOT_RUN
    assert verdict.lines[0] == "Build orders failed; nothing was deployed."
    assert "COMMAND_EXECUTION_ERROR: exit status 1" in verdict.lines[1]
    assert "--log-group-name /lantern/build --log-stream-name 0123" in verdict.lines[2]


def test_a_stop_before_the_first_deployment_tells_its_reason():
    verdict = judge(ended("Stopped", stop_reason="lunch"))

    assert (verdict.code, verdict.lines) == (STOPPED, ("Stopped before a deployment began: lunch",))
