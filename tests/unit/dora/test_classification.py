from dataclasses import replace

from dora.analysis import analyse
from dora.metrics import FAIL_RATE, FREQUENCY, report
from dora.records import History
from tests.unit.dora.histories import (
    NOVEMBER,
    analysed,
    bad,
    classes,
    figure,
    good,
    incident,
    measured,
    rollback,
)

FIRST = good("d-first", "1 10:00", "1 10:05", "1 10:10", revision="aaa")
SECOND = good("d-second", "2 10:00", "2 10:05", "2 10:10", revision="bbb")


def test_a_deployment_that_went_live_and_stayed_good_is_ok():
    assert classes(FIRST) == {"d-first": "ok"}


def test_a_failed_build_is_neither_a_deployment_nor_a_failure():
    build = bad("run-7/orders", "3 10:00", None, "3 10:02")

    orders = measured(FIRST, build)

    assert classes(FIRST, build)["run-7/orders"] == "blocked"
    assert (orders.figures[FREQUENCY].n, orders.figures[FAIL_RATE].value) == (1, 0.0)
    assert [blocked.deployment.id for blocked in orders.blocked] == ["run-7/orders"]


def test_a_stop_during_the_canary_is_a_failure():
    canary = bad("d-canary", "3 10:00", "3 10:05", "3 10:08", error="ALARM_ACTIVE")

    assert classes(FIRST, canary)["d-canary"] == "failed"
    assert analysed(canary).counted[0].reasons[0].words == "failed while users saw it: ALARM_ACTIVE"


def test_a_hook_that_fails_after_all_users_had_it_is_a_failure():
    late = bad("d-late", "3 10:00", "3 10:05", "3 10:12", live_at=FIRST.live_at + 2 * 86400)

    assert classes(late) == {"d-late": "failed"}


def test_a_live_deployment_that_an_incident_names_has_failed():
    kinds = classes(FIRST, SECOND, incident("i-1", "2 12:00", deployment="d-first"))

    assert kinds == {"d-first": "failed", "d-second": "ok"}


def test_a_live_deployment_that_is_rolled_back_has_failed():
    assert classes(FIRST, SECOND, rollback("d-back", "d-second", "2 11:00"))["d-second"] == "failed"


def test_a_live_deployment_that_went_back_by_itself_has_failed():
    taken_back = good("d-back", "2 10:00", "2 10:05", "2 10:10", restored_at=FIRST.live_at + 2 * 86400)

    assert classes(FIRST, taken_back)["d-back"] == "failed"


def test_a_rollback_is_no_deployment():
    canary = bad("d-canary", "3 10:00", "3 10:05", "3 10:08")
    back = rollback("d-back", "d-canary", "3 10:08")

    orders = measured(FIRST, canary, back)

    assert (orders.figures[FREQUENCY].n, orders.figures[FAIL_RATE].numerator) == (2, 1)
    assert "d-back" not in classes(FIRST, canary, back)


def test_a_rollback_that_names_nothing_takes_back_what_users_saw_last():
    assert classes(
        FIRST,
        SECOND,
        rollback("d-back", "", "2 11:00").__class__(
            id="d-back",
            service="orders",
            status="succeeded",
            started_at=SECOND.live_at + 60,
            is_rollback=True,
        ),
    ) == {"d-first": "ok", "d-second": "failed"}


def test_two_incidents_of_one_deployment_make_one_failure():
    """Dividing incidents by deployments counts it twice, as several tools did."""
    incidents = [
        incident("i-1", "1 11:00", "1 11:30", deployment="d-first"),
        incident("i-2", "1 13:00", "1 13:30", deployment="d-first"),
    ]

    fail_rate = figure(FAIL_RATE, FIRST, SECOND, *incidents)

    assert (fail_rate.numerator, fail_rate.n, fail_rate.value) == (1, 2, 0.5)
    assert fail_rate.deployments == ("d-first",)


def test_what_still_runs_is_not_counted_yet():
    going = good("d-now", "3 10:00", "3 10:05", "3 10:10").__class__(
        id="d-now", service="orders", status="running", started_at=SECOND.started_at + 86400
    )

    orders = measured(FIRST, going)

    assert (orders.figures[FREQUENCY].n, [running.deployment.id for running in orders.running]) == (
        1,
        ["d-now"],
    )


def test_what_is_live_and_only_keeps_its_old_tasks_is_counted():
    waiting = good("d-now", "3 10:00", "3 10:05", "3 10:10")
    waiting = waiting.__class__(
        id="d-now", service="orders", status="running", started_at=waiting.started_at, live_at=waiting.live_at
    )

    assert classes(waiting) == {"d-now": "ok"}


def test_counting_successes_only_leaves_out_what_failed_by_itself():
    canary = bad("d-canary", "3 10:00", "3 10:05", "3 10:08")
    named = incident("i-1", "2 12:00", deployment="d-second")

    everything = figure(FAIL_RATE, FIRST, SECOND, canary, named)
    successes = figure(FAIL_RATE, FIRST, SECOND, canary, named, count="success")

    assert (everything.numerator, everything.n) == (2, 3)
    assert (successes.numerator, successes.n) == (1, 2)


def test_services_are_measured_apart():
    other = good("d-other", "1 10:00", "1 10:05", "1 10:10", service="catalog")

    assert figure(FREQUENCY, FIRST, SECOND, other).n == 2
    assert figure(FREQUENCY, FIRST, SECOND, other, service="catalog").n == 1


def test_a_failure_of_which_nobody_knows_whether_users_saw_it_is_neither_blocked_nor_failed():
    """It is in no rate, and the rate says so."""
    unknown = replace(bad("d-unknown", "3 10:00", None, "3 10:02"), never_exposed=False)

    orders = measured(FIRST, unknown)

    assert classes(FIRST, unknown) == {"d-first": "ok", "d-unknown": "unknown"}
    assert [attempt.deployment.id for attempt in orders.unknown] == ["d-unknown"]
    assert (orders.blocked, orders.figures[FAIL_RATE].n) == ([], 1)
    assert orders.figures[FAIL_RATE].remarks == (
        "1 more failed, and nobody knows whether users saw it: not in it",
    )


def test_an_incident_that_names_a_blocked_deployment_is_listed():
    blocked = bad("d-blocked", "3 10:00", None, "3 10:02")

    orders = measured(FIRST, blocked, incident("i-1", "3 11:00", deployment="d-blocked"))

    assert orders.figures[FAIL_RATE].numerator == 0
    assert [(link.incident.id, link.how) for link in orders.unlinked] == [
        ("i-1", "it names d-blocked, which users did not see as far as anybody knows")
    ]


def test_groups_of_one_name_in_two_applications_are_two_services():
    shop = replace(FIRST, application="shop")
    admin = replace(SECOND, application="admin")

    services = analyse(History((shop, admin))).services

    assert {
        name: [counted.deployment.id for counted in service.counted] for name, service in services.items()
    } == {
        "shop/orders": ["d-first"],
        "admin/orders": ["d-second"],
    }


def test_an_incident_of_two_services_counts_for_both():
    other = good("d-other", "1 10:00", "1 10:05", "1 10:10", service="catalog")
    lines = [incident("i-1", "1 11:00", "1 11:30"), incident("i-1", "1 11:00", "1 11:30", service="catalog")]

    for service in ("orders", "catalog"):
        assert figure(FAIL_RATE, FIRST, other, *lines, service=service).numerator == 1


def test_all_services_together_are_a_sum_and_no_mean():
    """2 of orders and 1 of catalog, of which 1 failed: 1 of 3. The mean of 50 % and 0 % would be 25 %."""
    other = good("d-other", "1 10:00", "1 10:05", "1 10:10", service="catalog")
    history = History((FIRST, SECOND, other), (incident("i-1", "1 11:00", deployment="d-first"),))

    made = report(analyse(history), NOVEMBER, NOVEMBER.end)

    total = made.total.figures[FAIL_RATE]
    assert (total.numerator, total.n) == (1, 3)
    assert report(analyse(History((FIRST,))), NOVEMBER, NOVEMBER.end).total is None
