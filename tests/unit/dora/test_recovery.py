from dataclasses import replace

import pytest

from dora.metrics import FAIL_RATE, RECOVERY
from dora.windows import Window
from tests.unit.dora.histories import analysed, at, bad, commit, figure, good, incident, measured, rollback

FIRST = good("d-first", "1 10:00", "1 10:05", "1 10:10", revision="aaa")


def outages(*records, **parameters):
    return [
        (outage.deployments, outage.began_at, outage.recovery.at if outage.recovery else None)
        for outage in analysed(*records, **parameters).outages
    ]


def test_recovery_is_from_first_exposure_until_the_rollback():
    canary = bad("d-canary", "2 10:00", "2 10:05", "2 10:08")
    back = rollback("d-back", "d-canary", "2 10:09")

    assert outages(FIRST, canary, back) == [(("d-canary",), at("2 10:05"), at("2 10:09"))]
    assert figure(RECOVERY, FIRST, canary, back).value == 240


def test_a_failure_without_a_rollback_lasts_until_the_next_good_version():
    canary = bad("d-canary", "2 10:00", "2 10:05", "2 10:08")
    fixed = good("d-fixed", "2 11:00", "2 11:05", "2 11:10")

    assert outages(FIRST, canary, fixed) == [(("d-canary",), at("2 10:05"), at("2 11:10"))]


def test_consecutive_failures_before_recovery_are_one_outage():
    failures = [bad(f"d-{n}", f"2 1{n}:00", f"2 1{n}:05", f"2 1{n}:08") for n in range(3)]
    fixed = good("d-fixed", "2 13:00", "2 13:05", "2 13:10")

    assert outages(FIRST, *failures, fixed) == [(("d-0", "d-1", "d-2"), at("2 10:05"), at("2 13:10"))]
    assert figure(RECOVERY, FIRST, *failures, fixed).n == 1


def test_failures_with_a_good_version_between_them_are_two_outages():
    canaries = [bad(f"d-{n}", f"2 1{n}:00", f"2 1{n}:05", f"2 1{n}:08") for n in range(2)]
    backs = [rollback(f"d-back-{n}", f"d-{n}", f"2 1{n}:08") for n in range(2)]

    assert [keys for keys, *_ in outages(FIRST, *canaries, *backs)] == [("d-0",), ("d-1",)]


def test_an_open_failure_is_listed_with_its_begin_and_not_averaged():
    closed = bad("d-closed", "2 10:00", "2 10:05", "2 10:08")
    back = rollback("d-back", "d-closed", "2 10:09")
    bad_one = good("d-open", "3 10:00", "3 10:05", "3 10:10")

    orders = measured(FIRST, closed, back, bad_one, incident("i-1", "3 11:00"))

    assert (orders.figures[RECOVERY].value, orders.figures[RECOVERY].n) == (240, 1)
    assert [outage.deployments for outage in orders.open_outages] == [("d-open",)]
    assert "1 open, not averaged" in orders.figures[RECOVERY].remarks


def test_only_open_failures_are_no_data_with_the_reason():
    recovery = figure(RECOVERY, FIRST, incident("i-1", "1 11:00"))

    assert (recovery.value, recovery.n, recovery.reason) == (None, 0, "1 failed and not recovered yet")


def test_an_open_failure_is_listed_in_later_windows_too():
    later = Window(at("10 00:00"), at("20 00:00"))

    orders = measured(FIRST, incident("i-1", "1 11:00"), window=later)

    assert [outage.deployments for outage in orders.open_outages] == [("d-first",)]


def test_the_end_of_the_incident_is_the_recovery_of_what_no_deployment_repaired():
    assert outages(FIRST, incident("i-1", "1 11:00", "1 11:30"), incident("i-2", "1 11:10", "1 12:00")) == [
        (("d-first",), at("1 10:05"), at("1 12:00"))
    ]


def test_an_unrelated_deployment_does_not_end_an_incident():
    unrelated = good("d-other", "1 10:40", "1 11:20", "1 11:25")

    assert outages(FIRST, unrelated, incident("i-1", "1 11:00", "1 15:00", deployment="d-first")) == [
        (("d-first",), at("1 10:05"), at("1 15:00"))
    ]


def test_a_fix_that_names_it_ends_the_failure_before_the_incident_is_closed():
    fix = good(
        "d-fix",
        "1 11:30",
        "1 11:35",
        "1 11:40",
        commits=(commit("f", "1 11:20", "Fix\n\nFixes-Deployment: d-first"),),
    )

    assert outages(FIRST, fix, incident("i-1", "1 11:00", "1 12:00")) == [
        (("d-first",), at("1 10:05"), at("1 11:40"))
    ]


def test_a_fix_that_fails_prolongs_the_outage_until_the_fix_of_the_fix():
    def fix(key, hour, of):
        message = f"Fix\n\nFixes-Deployment: {of}"
        return {"id": key, "commits": (commit(key, f"1 {hour}:00", message),)}

    failed = bad("d-fix", "1 12:00", "1 12:05", "1 12:08", commits=fix("d-fix", 11, "d-first")["commits"])
    back = rollback("d-back", "d-fix", "1 12:08")
    second = good("d-fix-2", "1 13:00", "1 13:05", "1 13:10", commits=fix("d-fix-2", 12, "d-fix")["commits"])

    assert outages(FIRST, failed, back, second, incident("i-1", "1 11:00")) == [
        (("d-first", "d-fix"), at("1 10:05"), at("1 13:10"))
    ]


def test_a_rollback_to_a_version_that_is_bad_too_is_no_recovery():
    canary = bad("d-canary", "1 12:00", "1 12:05", "1 12:08")
    back = rollback("d-back", "d-canary", "1 12:08")

    ended = outages(FIRST, canary, back, incident("i-1", "1 11:00"))

    assert ended == [(("d-first", "d-canary"), at("1 10:05"), None)]


def test_an_older_revision_by_hand_is_the_recovery():
    second = good("d-second", "2 10:00", "2 10:05", "2 10:10", revision="bbb")
    by_hand = good("d-hand", "2 11:00", "2 11:05", "2 11:10", revision="aaa")

    assert outages(FIRST, second, by_hand) == [(("d-second",), at("2 10:05"), at("2 11:10"))]


def test_time_from_the_first_alarm_is_said_beside():
    outage = analysed(FIRST, incident("i-1", "1 11:00", "1 11:30")).outages[0]

    assert (outage.seconds, outage.seconds_from_notice) == (85 * 60, 30 * 60)


def test_a_recovery_before_its_failure_is_a_clock_problem():
    skewed = bad("d-skewed", "2 10:00", "2 10:05", "2 10:08", restored_at=at("2 10:04"))

    recovery = figure(RECOVERY, FIRST, skewed)

    assert (recovery.value, recovery.n) == (None, 0)
    assert recovery.remarks == ("clock problem: 1 dropped, over before users saw it",)


def test_a_fix_that_went_live_and_failed_is_followed_to_its_own_fix():
    fix = good("d-fix", "1 12:00", "1 12:05", "1 12:10", fixes=("d-first",))
    second = good("d-fix-2", "1 13:00", "1 13:05", "1 13:10", fixes=("d-fix",))
    incidents = [incident("i-1", "1 11:00"), incident("i-2", "1 12:30", "1 15:00", deployment="d-fix")]

    ended = outages(FIRST, fix, second, *incidents)

    assert ended == [(("d-first", "d-fix"), at("1 10:05"), at("1 13:10"))]


def test_a_failure_that_begins_when_the_last_one_ends_is_another_outage():
    canary = bad("d-canary", "2 10:00", "2 10:05", "2 10:08")
    again = bad("d-again", "2 10:07", "2 10:09", "2 10:12", restored_at=at("2 10:12"))

    ended = outages(FIRST, canary, rollback("d-back", "d-canary", "2 10:09"), again)

    assert [keys for keys, *_ in ended] == [("d-canary",), ("d-again",)]


def test_a_failed_canary_is_over_with_the_next_good_version_though_its_alarm_never_was():
    canary = bad("d-canary", "2 10:00", "2 10:05", "2 10:08")
    fixed = good("d-fixed", "2 11:00", "2 11:05", "2 11:10")

    ended = outages(FIRST, canary, fixed, incident("i-1", "2 10:06"))

    assert ended == [(("d-canary",), at("2 10:05"), at("2 11:10"))]


def test_a_roll_back_ends_the_failure_at_its_end():
    """Seen from 10:05; the roll-back began at 10:08 and was over at 10:20: 15 minutes."""
    canary = bad("d-canary", "2 10:00", "2 10:05", "2 10:08")
    back = replace(rollback("d-back", "d-canary", "2 10:08"), live_at=None, ended_at=at("2 10:20"))

    assert outages(FIRST, canary, back) == [(("d-canary",), at("2 10:05"), at("2 10:20"))]


@pytest.mark.parametrize("status", ["failed", "stopped", "running"])
def test_a_roll_back_that_has_not_succeeded_ends_nothing(status):
    canary = bad("d-canary", "2 10:00", "2 10:05", "2 10:08")
    back = replace(rollback("d-back", "d-canary", "2 10:08"), status=status, ended_at=at("2 10:20"))
    fixed = good("d-fixed", "2 11:00", "2 11:05", "2 11:10")

    assert outages(FIRST, canary, back) == [(("d-canary",), at("2 10:05"), None)]
    assert outages(FIRST, canary, back, fixed) == [(("d-canary",), at("2 10:05"), at("2 11:10"))]


def test_a_roll_back_that_failed_does_not_make_a_failure_of_what_stayed_live():
    back = replace(rollback("d-back", "d-first", "1 11:00"), status="failed")

    assert outages(FIRST, back) == []


def test_two_incidents_far_apart_on_one_deployment_are_two_recoveries():
    """First from 10:05, when users first saw it, until 11:30: 85 minutes. Then from 15:00 to 15:20: 20.
    The median of the two is 52.5 minutes."""
    apart = [
        incident("i-1", "1 11:00", "1 11:30", deployment="d-first"),
        incident("i-2", "1 15:00", "1 15:20", deployment="d-first"),
    ]

    assert outages(FIRST, *apart) == [
        (("d-first",), at("1 10:05"), at("1 11:30")),
        (("d-first",), at("1 15:00"), at("1 15:20")),
    ]
    assert (figure(RECOVERY, FIRST, *apart).n, figure(RECOVERY, FIRST, *apart).value) == (2, 52.5 * 60)
    assert figure(FAIL_RATE, FIRST, *apart).numerator == 1


def test_incidents_that_follow_within_minutes_are_one_outage():
    close = [
        incident("i-1", "1 11:00", "1 11:30", deployment="d-first"),
        incident("i-2", "1 11:35", "1 11:40", deployment="d-first"),
    ]

    assert outages(FIRST, *close) == [(("d-first",), at("1 10:05"), at("1 11:40"))]


def test_a_second_incident_that_is_open_keeps_only_its_own_outage_open():
    apart = [
        incident("i-1", "1 11:00", "1 11:30", deployment="d-first"),
        incident("i-2", "1 15:00", deployment="d-first"),
    ]

    assert outages(FIRST, *apart) == [
        (("d-first",), at("1 10:05"), at("1 11:30")),
        (("d-first",), at("1 15:00"), None),
    ]


def test_a_roll_back_between_two_incidents_ends_the_first():
    """Rolled back at 12:00, half an hour after the first incident was closed: until then users had it."""
    apart = [
        incident("i-1", "1 11:00", "1 11:30", deployment="d-first"),
        incident("i-2", "1 15:00", "1 15:20", deployment="d-first"),
    ]

    assert outages(FIRST, rollback("d-back", "d-first", "1 12:00"), *apart) == [
        (("d-first",), at("1 10:05"), at("1 12:00")),
        (("d-first",), at("1 15:00"), at("1 15:20")),
    ]
