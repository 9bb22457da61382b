from dataclasses import replace

import pytest

from dora.metrics import LEAD_TIME
from tests.unit.dora.histories import analysed, bad, commit, figure, good, measured

FIRST = good("d-first", "1 10:00", "1 10:05", "1 10:10", commits=(commit("a1", "1 09:00"),))


def leads(*records):
    return {lead.commit.sha: (lead.deployment.id, lead.seconds) for lead in analysed(*records).leads}


def test_lead_time_is_from_the_commit_until_all_users_have_it():
    second = good("d-second", "2 10:00", "2 10:05", "2 10:10", commits=(commit("b1", "2 09:10"),))

    assert leads(FIRST, second) == {"b1": ("d-second", 3600)}


def test_the_first_deployment_has_no_lead_time():
    """It brings the whole past: who counts that measures how old the repository is."""
    lead_time = figure(LEAD_TIME, FIRST)

    assert (lead_time.value, lead_time.n) == (None, 0)
    assert lead_time.reason == "only d-first brought commits, and the first deployment has no lead time"


@pytest.mark.parametrize("exposed", [None, "2 10:05"], ids=["blocked", "failed"])
def test_commits_of_an_attempt_that_did_not_go_live_are_carried_to_the_next_that_does(exposed):
    attempt = bad("d-attempt", "2 10:00", exposed, "2 10:08", commits=(commit("b1", "2 09:10"),))
    fixed = good("d-fixed", "3 10:00", "3 10:05", "3 10:10", commits=(commit("c1", "3 09:10"),))

    assert leads(FIRST, attempt, fixed) == {"b1": ("d-fixed", 25 * 3600), "c1": ("d-fixed", 3600)}


def test_an_attempt_does_not_hold_what_a_later_one_brought_and_lost_meanwhile():
    slow = good("d-slow", "2 10:00", "2 10:05", "2 12:00", commits=(commit("b1", "2 09:00"),))
    blocked = bad("d-blocked", "2 11:00", None, "2 11:05", commits=(commit("c1", "2 10:50"),))
    last = good("d-last", "2 13:00", "2 13:05", "2 13:50")

    assert leads(FIRST, slow, blocked, last) == {"b1": ("d-slow", 10800), "c1": ("d-last", 10800)}


def test_a_commit_counts_once_where_it_went_live_first():
    second = good("d-second", "2 10:00", "2 10:05", "2 10:10", commits=(commit("b1", "2 09:10"),))
    again = good("d-again", "3 10:00", "3 10:05", "3 10:10", commits=(commit("b1", "2 09:10"),))

    assert leads(FIRST, second, again) == {"b1": ("d-second", 3600)}


def test_a_commit_later_than_its_deployment_is_dropped_and_counted_as_a_clock_problem():
    skewed = good(
        "d-skewed",
        "2 10:00",
        "2 10:05",
        "2 10:10",
        commits=(commit("b1", "2 09:10"), commit("b2", "2 10:11")),
    )

    orders = measured(FIRST, skewed)

    assert (orders.figures[LEAD_TIME].value, orders.figures[LEAD_TIME].n) == (3600, 1)
    assert [lead.commit.sha for lead in orders.backwards] == ["b2"]
    assert orders.figures[LEAD_TIME].remarks == (
        "clock problem: 1 commit dropped, later than the deployment",
    )


def test_a_squash_merge_shows_only_the_squash_commit():
    """The work before it left no trace in the branch that is deployed."""
    squashed = good(
        "d-squashed", "2 10:00", "2 10:05", "2 10:10", commits=(commit("sq", "2 10:00", "Add (#7)"),)
    )

    assert leads(FIRST, squashed) == {"sq": ("d-squashed", 600)}


def test_commits_of_a_deployment_that_failed_later_went_live_with_it():
    """An incident hours later does not take back that users had the change."""
    second = good(
        "d-second", "2 10:00", "2 10:05", "2 10:10", commits=(commit("b1", "2 09:10"),), restored_at=1e10
    )

    assert leads(FIRST, second) == {"b1": ("d-second", 3600)}


def test_median_mean_and_p90_stand_beside_each_other():
    """1 to 10 hours: the median lies between 5 and 6, nine of ten take at most 9."""
    commits = tuple(commit(f"b{hour}", f"2 {14 - hour:02}:00") for hour in range(1, 11))
    second = good("d-second", "2 13:00", "2 13:30", "2 14:00", commits=commits)

    lead_time = figure(LEAD_TIME, FIRST, second)
    mean = figure(LEAD_TIME, FIRST, second, headline="mean")

    assert (lead_time.n, lead_time.value, lead_time.summary.p90) == (10, 5.5 * 3600, 9 * 3600)
    assert mean.value == lead_time.summary.mean == 5.5 * 3600


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ((bad("d-bad", "1 10:00", None, "1 10:05"),), "nothing has gone live"),
        (
            (good("d-1", "1 10:00", "1 10:05", "1 10:10"),),
            "no commits are known: give --git, or a commits.csv",
        ),
        (
            (FIRST, good("d-2", "2 10:00", "2 10:05", "2 10:10", commits=(commit("b", "9 10:00"),))),
            "every commit is later than its deployment: compare the clocks",
        ),
    ],
)
def test_no_lead_time_has_a_reason(records, reason):
    lead_time = figure(LEAD_TIME, *records)

    assert (lead_time.value, lead_time.n, lead_time.reason) == (None, 0, reason)


def test_commits_that_somebody_listed_for_the_first_deployment_count():
    """A repository's range would hold the whole past; a list holds what somebody put there: 10:10 - 9:00."""
    listed = replace(FIRST, commits_are="listed")

    assert leads(listed) == {"a1": ("d-first", 4200)}
    assert figure(LEAD_TIME, listed).sources == "commits: those that somebody listed"


def test_listed_commits_of_an_attempt_before_the_first_count_with_it():
    attempt = replace(
        bad("d-attempt", "1 08:00", None, "1 08:08", commits=(commit("z1", "1 07:10"),)), commits_are="listed"
    )

    assert leads(attempt, replace(FIRST, commits_are="trigger")) == {"z1": ("d-first", 3 * 3600)}
