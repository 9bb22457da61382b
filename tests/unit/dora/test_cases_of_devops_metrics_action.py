"""Cases of stenjo/devops-metrics-action, __tests__: releases and bugs of GitHub's repositories in April 2023.

A bug belongs to the repository's release before it, without limit. It is over with the first release after
the bug was closed, which so is its repair here. A pull request's lead time is that of its first commit.
"""

import pytest

from dora.metrics import FAIL_RATE, LEAD_TIME, RECOVERY
from dora.times import DAY_S, instant
from tests.unit.dora.published import NO_LIMIT, YEAR_2023, bug, figure, release

OTHER = "other-repo"


def at(words):
    """`30 16:50:53` is in April 2023."""
    day, _, clock = words.partition(" ")
    return instant(f"2023-04-{day}T{clock or '00:00:00'}Z")


def releases(*days):
    """Releases at 16:50:53 or at a time, each `day` or `(day, repository)`; "32" is the second of May."""
    made = []
    for n, day in enumerate(days):
        words, repository = day if isinstance(day, tuple) else (day, "shop")
        moment = instant("2023-05-02T16:50:53Z") if words == "32" else at(words)
        made.append(release(f"release-{n}", moment, service=repository))
    return made


def bugs(*days):
    made = [day if isinstance(day, tuple) else (day, "shop") for day in days]
    return [bug(f"bug-{n}", at(words), service=repository) for n, (words, repository) in enumerate(made)]


FIRST, SECOND, THIRD = "28 16:50:53", "30 19:50:53", "32"
BEFORE, LAST = "29 16:50:53", "30 16:50:53"
EARLY, LATE = "29 17:50:53", "30 17:50:53"


@pytest.mark.parametrize(
    ("released", "reported", "percent"),
    [
        pytest.param([LAST], [LATE], 100, id="1 bug on 1 release"),
        pytest.param([(LAST, OTHER)], [LATE], 0, id="1 bug, a release of another repository"),
        pytest.param([LAST, BEFORE], [LATE], 50, id="1 bug on 2 releases"),
        pytest.param([LAST, BEFORE], [LATE, LATE], 50, id="2 bugs after the latest release"),
        pytest.param([LAST, BEFORE], [EARLY, LATE, LATE], 100, id="2 bugs after the latest, 1 before"),
        pytest.param([FIRST, SECOND, THIRD], [EARLY, LATE, LATE], 33, id="3 bugs of the first of 3 releases"),
        pytest.param(
            [FIRST, (FIRST, OTHER), SECOND, THIRD],
            [EARLY, (LATE, OTHER), LATE],
            50,
            id="3 bugs of 2 repositories, on 2 of 4 releases",
        ),
        pytest.param([FIRST, SECOND], [], 0, id="no bugs"),
    ],
)
def test_change_failure_rates(released, reported, percent):
    """ChangeFailureRate.test.ts; its rates are rounded to whole percents."""
    rate = figure(FAIL_RATE, releases(*released), YEAR_2023, bugs(*reported), **NO_LIMIT)

    assert round(rate.value * 100) == percent


def repaired(*failures, repositories):
    """Bugs by repository: the day of the release that has it, and of the release that repairs it or ""."""
    made, reported = {}, []
    for n, (repository, bad_day, good_day) in enumerate(failures):
        reported.append(bug(f"bug-{n}", at("22 21:44:06"), repository, deployment=f"{repository}-{bad_day}"))
        if good_day:
            made[repository, good_day] = (f"{repository}-{bad_day}",)
    return [
        release(f"{repository}-{day}", at(day), repository, fixes=made.get((repository, day), ()))
        for repository, days in repositories.items()
        for day in days
    ], reported


@pytest.mark.parametrize(
    ("failures", "repositories", "days", "still_open"),
    [
        pytest.param(
            [("shop", "20", "24"), ("shop", "25", "")],
            {"shop": ("20", "24", "25")},
            4,
            1,
            id="20 to 24; no release after the second bug",
        ),
        pytest.param(
            [("shop", "20", "24"), ("shop", "25", "")],
            {"shop": ("20", "24", "25"), OTHER: ("30",)},
            4,
            1,
            id="20 to 24; a release of another repository repairs nothing",
        ),
        pytest.param(
            [(OTHER, "21", "24"), ("shop", "24", "30")],
            {"shop": ("20", "24", "30"), OTHER: ("21", "24")},
            4.5,
            0,
            id="21 to 24 and 24 to 30: (3 + 6) / 2",
        ),
        pytest.param(
            [(OTHER, "21", ""), ("shop", "24", "30")],
            {"shop": ("20", "24", "30"), OTHER: ("21",)},
            6,
            1,
            id="24 to 30; no release after the first bug",
        ),
    ],
)
def test_mean_times_to_restore(failures, repositories, days, still_open):
    """MeanTimeToRestore.test.ts: from the release that has a bug to the first after the bug was closed."""
    released, reported = repaired(*failures, repositories=repositories)

    recovery = figure(RECOVERY, released, YEAR_2023, reported, headline="mean")

    assert recovery.value == days * DAY_S
    assert (f"{still_open} open, not averaged" in recovery.remarks) == bool(still_open)


def test_a_repair_that_is_bad_itself_ends_nothing():
    """Theirs is 5 days: 20 to 24 and 24 to 30, each for itself. Ours is one outage of 10: the release of 24
    was bad from its first user on, so users had no good version between the two."""
    released, reported = repaired(
        ("shop", "20", "24"), ("shop", "24", "30"), repositories={"shop": ("20", "24", "30")}
    )

    recovery = figure(RECOVERY, released, YEAR_2023, reported, headline="mean")

    assert (recovery.value, recovery.n) == (10 * DAY_S, 1)


def carried(*requests):
    """Pull requests: repository, day of the first commit, day of the first release after the merge."""
    made = {}
    for repository, committed, released in requests:
        made.setdefault((repository, released), []).append(at(f"{committed} 17:50:53"))
    return [
        release(f"{repository}-{day}", at(f"{day} 17:50:53"), repository, commits)
        for (repository, day), commits in made.items()
    ]


@pytest.mark.parametrize(
    ("requests", "days"),
    [
        pytest.param([("shop", "22", "30")], 8, id="30 - 22"),
        pytest.param([("shop", "19", "30")], 11, id="30 - 19, the first of two commits"),
        pytest.param([("shop", "19", "30"), (OTHER, "19", "29")], 10.5, id="(11 + 10) / 2, two repositories"),
        pytest.param([("shop", "19", "30"), ("shop", "22", "28")], 8.5, id="(11 + 6) / 2"),
        pytest.param(
            [("shop", "19", "30"), ("shop", "22", "28"), ("shop", "27", "30")], 6.67, id="(11 + 6 + 3) / 3"
        ),
        pytest.param([("shop", "22", "28")], 6, id="two more that are in no release"),
        pytest.param([(OTHER, "19", "29"), ("shop", "22", "28")], 8, id="(10 + 6) / 2"),
    ],
)
def test_lead_times(requests, days):
    """LeadTime.test.ts."""
    lead_time = figure(LEAD_TIME, carried(*requests), YEAR_2023, headline="mean")

    assert round(lead_time.value / DAY_S, 2) == days
