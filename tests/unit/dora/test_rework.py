from dora.metrics import FAIL_RATE, REWORK_RATE
from tests.unit.dora.histories import analysed, at, bad, classes, commit, figure, good, incident

FIRST = good("d-first", "1 10:00", "1 10:05", "1 10:10", revision="aaa", commits=(commit("a1", "1 09:00"),))
SECOND = good(
    "d-second", "2 10:00", "2 10:05", "2 10:10", revision="bbb", commits=(commit("b" * 40, "2 09:00"),)
)


def third(message="Trim the wick", **fields):
    return good(
        "d-third",
        "2 12:00",
        "2 12:05",
        "2 12:10",
        revision="ccc",
        commits=(commit("c1", "2 11:00", message),),
        **fields,
    )


def signals(*records, **parameters):
    counted = analysed(*records, **parameters).counted
    return {
        deployment.deployment.id: [signal.kind for signal in deployment.rework]
        for deployment in counted
        if deployment.rework
    }


def test_an_ordinary_change_is_no_rework():
    rework = figure(REWORK_RATE, FIRST, SECOND, third())

    assert (rework.value, rework.numerator, rework.n) == (0.0, 0, 3)


def test_a_trailer_that_names_a_deployment_makes_rework_and_a_failure():
    fixing = third("Fix the wick\n\nFixes-Deployment: d-second")

    assert signals(FIRST, SECOND, fixing) == {"d-third": ["trailer"]}
    assert classes(FIRST, SECOND, fixing)["d-second"] == "failed"
    assert figure(FAIL_RATE, FIRST, SECOND, fixing).numerator == 1


def test_a_trailer_that_names_an_incident_makes_rework():
    fixing = third("Fix the wick\n\nIncident: i-1")

    assert signals(FIRST, SECOND, fixing, incident("i-1", "2 10:30", "2 11:00")) == {"d-third": ["trailer"]}


def test_a_trailer_for_another_service_is_no_rework_here():
    """One commit goes to all services of a repository; it repairs one of them."""
    other = good("d-catalog", "1 10:00", "1 10:05", "1 10:10", service="catalog")
    fixing = third("Fix the shelf\n\nFixes-Deployment: d-catalog")

    assert signals(FIRST, SECOND, other, fixing) == {}


def test_a_hotfix_branch_makes_rework_and_blames_the_newest_live_deployment():
    fixing = third(branch="hotfix/wick")

    assert signals(FIRST, SECOND, fixing) == {"d-third": ["hotfix branch"]}
    assert classes(FIRST, SECOND, fixing) == {"d-first": "ok", "d-second": "failed", "d-third": "ok"}


def test_a_hotfix_after_a_canary_that_was_stopped_does_not_blame_the_good_version_behind_it():
    stopped = bad("d-stopped", "2 11:00", "2 11:05", "2 11:08", restored_at=at("2 11:08"))
    fixing = third(branch="hotfix/wick")

    assert signals(FIRST, SECOND, stopped, fixing) == {"d-third": ["hotfix branch"]}
    assert classes(FIRST, SECOND, stopped, fixing) == {
        "d-first": "ok",
        "d-second": "ok",
        "d-stopped": "failed",
        "d-third": "ok",
    }


def test_a_hotfix_branch_blames_nothing_when_links_are_by_id():
    assert classes(FIRST, SECOND, third(branch="hotfix/wick"), link="id")["d-second"] == "ok"


def test_a_merged_hotfix_branch_counts_too():
    fixing = third("Merge branch 'hotfix/wick' into main")

    assert signals(FIRST, SECOND, fixing) == {"d-third": ["hotfix branch"]}


def test_a_revert_of_a_deployed_change_makes_rework_and_a_failure():
    fixing = third(f'Revert "Trim"\n\nThis reverts commit {"b" * 40}.')

    assert signals(FIRST, SECOND, fixing) == {"d-third": ["revert"]}
    assert classes(FIRST, SECOND, fixing)["d-second"] == "failed"


def test_a_revert_long_after_is_rework_and_makes_no_failure():
    late = good(
        "d-late",
        "9 12:00",
        "9 12:05",
        "9 12:10",
        commits=(commit("c1", "9 11:00", f"This reverts commit {'b' * 40}."),),
    )

    assert signals(FIRST, SECOND, late) == {"d-late": ["revert"]}
    assert classes(FIRST, SECOND, late)["d-second"] == "ok"


def test_a_revert_of_what_never_went_live_is_no_rework():
    blocked = bad("d-blocked", "2 11:00", None, "2 11:05", commits=(commit("e" * 40, "2 10:50"),))
    fixing = third(f"This reverts commit {'e' * 40}.")

    assert signals(FIRST, SECOND, blocked, fixing) == {}


def test_an_older_revision_deployed_by_hand_is_rework_and_what_it_replaced_failed():
    by_hand = good("d-hand", "2 12:00", "2 12:05", "2 12:10", revision="aaa")

    assert signals(FIRST, SECOND, by_hand) == {"d-hand": ["older revision deployed again"]}
    assert classes(FIRST, SECOND, by_hand)["d-second"] == "failed"
    assert [reason.kind for reason in analysed(FIRST, SECOND, by_hand).counted[1].reasons] == ["repair"]


def test_going_forward_again_after_that_is_no_rework():
    by_hand = good("d-hand", "2 12:00", "2 12:05", "2 12:10", revision="aaa")
    forward = good("d-forward", "3 12:00", "3 12:05", "3 12:10", revision="bbb")

    assert list(signals(FIRST, SECOND, by_hand, forward)) == ["d-hand"]


def test_the_same_revision_again_is_no_rework():
    again = good("d-again", "2 12:00", "2 12:05", "2 12:10", revision="bbb")

    assert signals(FIRST, SECOND, again) == {}


def test_a_deployment_begun_during_an_incident_is_inferred_rework():
    rework = figure(REWORK_RATE, FIRST, SECOND, third(), incident("i-1", "2 11:30", "2 12:30"))

    assert (rework.numerator, rework.n, rework.remarks) == (
        1,
        3,
        ("1 of them inferred from an open incident",),
    )
    assert signals(FIRST, SECOND, third(), incident("i-1", "2 11:30", "2 12:30"), link="id") == {}


def test_a_change_that_was_on_its_way_before_the_incident_does_not_repair_it():
    queued = third(triggered_at=SECOND.live_at + 60)

    assert signals(FIRST, SECOND, queued, incident("i-1", "2 11:30", "2 12:30")) == {}


def test_the_first_deployment_of_a_history_repairs_nothing_though_an_alarm_is_on():
    """As in a rehearsal: an alarm rings while the shop comes up, and the first release begins meanwhile."""
    assert signals(FIRST, SECOND, incident("i-1", "1 09:50", "1 10:02")) == {}


def test_signals_stand_in_the_order_of_their_strength():
    fixing = third(f"Fix\n\nThis reverts commit {'b' * 40}.\n\nFixes-Deployment: d-second", branch="hotfix/x")

    assert signals(FIRST, SECOND, fixing, incident("i-1", "2 11:30"))["d-third"] == [
        "trailer",
        "hotfix branch",
        "revert",
        "open incident",
    ]
