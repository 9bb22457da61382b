"""Cases of middlewarehq/middleware, backend/analytics_server/tests/service: its incidents and deployments.

Middleware blames the deployment before an incident, without limit, so it is measured without ours.
"""

import pytest

from dora.metrics import FAIL_RATE, FREQUENCY, RECOVERY, pooled, report
from dora.times import DAY_S, instant
from dora.windows import Window
from tests.unit.dora.published import NO_LIMIT, analysed, bug, figure, release

HOUR_S = 3600
NOW = instant("2024-03-01T00:00:00Z")
QUARTER = Window(NOW - 60 * DAY_S, NOW)
FIRST_WEEK, SECOND_WEEK, THIRD_WEEK, FOURTH_WEEK = (
    instant("2024-01-01T00:00:00Z") + n * 7 * DAY_S for n in range(4)
)
TUESDAY = FIRST_WEEK + DAY_S  # where its weekly cases begin
TWO = (48, 6)


def ago(hours, make):
    """Records that were made so many hours before now."""
    return [make(f"{make.__name__}-{n}", NOW - before * HOUR_S) for n, before in enumerate(hours)]


@pytest.mark.parametrize(
    ("released", "reported", "blamed"),
    [
        pytest.param(TWO, (), [], id="no incidents"),
        pytest.param(TWO, (24,), [0], id="between two deployments: 1 of 2"),
        pytest.param(TWO, (72,), [], id="before both deployments"),
        pytest.param(TWO, (1,), [1], id="after both deployments: 1 of 2"),
        pytest.param(
            (7 * 24, 6 * 24, 4 * 24, 48, 6), (5 * 24, 3 * 24, 20, 1), [1, 2, 3, 4], id="each its own: 4 of 5"
        ),
        pytest.param(
            (7 * 24, 6 * 24, 4 * 24, 48, 6, 0.5),
            (10 * 24, 5 * 24, 3 * 24, 20, 4, 2, 1),
            [1, 2, 3, 4],
            id="three incidents of the fifth: 4 of 6",
        ),
    ],
)
def test_change_failure_rates(released, reported, blamed):
    """Incidents/test_change_failure_rate.py and test_deployment_incident_mapper.py."""
    rate = figure(FAIL_RATE, ago(released, release), QUARTER, ago(reported, bug), **NO_LIMIT)

    assert rate.deployments == tuple(f"release-{n}" for n in blamed)
    assert rate.value == len(blamed) / len(released)


def test_incidents_without_any_deployment_are_no_rate_at_all():
    """Theirs is 0 %, ours is no data: nobody can tell how many of no deployments failed."""
    analysis = analysed([], [bug("i-1", NOW - 72 * HOUR_S)])

    assert report(analysis, QUARTER, NOW).services == {}
    assert [note.reason for note in analysis.notes] == ["its service shop has no deployments"]


WEEKLY = {
    "release-1": TUESDAY + 12 * HOUR_S,
    "release-2": TUESDAY + 24 * HOUR_S,
    "release-3": FOURTH_WEEK - 4 * DAY_S,
    "release-4": FOURTH_WEEK - 2 * DAY_S,
    "release-5": FOURTH_WEEK - 6 * HOUR_S,
    "release-6": FOURTH_WEEK - HOUR_S / 2,
}
INCIDENTS = (
    *(TUESDAY + hours * HOUR_S for hours in (10, 28, 29)),
    *(FOURTH_WEEK - 3 * DAY_S, FOURTH_WEEK - 3 * DAY_S),
    *(FOURTH_WEEK - 3 * HOUR_S, FOURTH_WEEK - 2 * HOUR_S),
)


def weekly(end):
    """Six releases and seven incidents, week by week from a Tuesday to `end`."""
    releases = [release(key, at) for key, at in WEEKLY.items()]
    incidents = [bug(f"i-{n}", at) for n, at in enumerate(INCIDENTS)]
    made = report(analysed(releases, incidents, **NO_LIMIT), Window(TUESDAY, end), end)
    return made.by_period(made.services["shop"], "week")


def test_weekly_change_failure_rates():
    """First week: release-2 of two; third: release-3 and release-5 of four; nothing in the others."""
    weeks = weekly(FOURTH_WEEK + 3 * DAY_S)

    assert {name: week.figures[FAIL_RATE].value for name, week in weeks.items()} == {
        "2024-W01": 1 / 2,
        "2024-W02": None,
        "2024-W03": 2 / 4,
        "2024-W04": None,
    }
    assert weeks["2024-W03"].figures[FAIL_RATE].deployments == ("release-3", "release-5")


def test_weekly_deployments():
    """deployments/test_deployment_frequency.py: 2, 0, 4 and 0 deployments."""
    weeks = weekly(FOURTH_WEEK + 2 * DAY_S)

    assert [week.figures[FREQUENCY].n for week in weeks.values()] == [2, 0, 4, 0]


def test_deployments_across_days():
    """Three deployments in the three days from a Tuesday on, a fourth 20 days later: 3 / 3 days = 1 a day."""
    hours = (12, 24, 48, 23 * 24)
    releases = [release(f"release-{n}", TUESDAY + hour * HOUR_S) for n, hour in enumerate(hours)]

    frequency = figure(FREQUENCY, releases, Window(TUESDAY, TUESDAY + 3 * DAY_S))

    assert (frequency.n, frequency.value) == (3, 1)


def failures(*lengths, at=FIRST_WEEK):
    """Incidents that open when a release of a service of its own goes live, and last so many seconds."""
    releases = [release(f"release-{at}-{n}", at, service=f"{at}-{n}") for n, _ in enumerate(lengths)]
    incidents = [
        bug(f"i-{each.id}", at, service=each.service, closed_at=at + length, deployment=each.id)
        for each, length in zip(releases, lengths, strict=True)
    ]
    return releases, incidents


@pytest.mark.parametrize(
    ("lengths", "mean"),
    [
        pytest.param((100, 300, 800), 400, id="1200 / 3"),
        pytest.param((100, 300, 800, 90), 322.5, id="1290 / 4"),
        pytest.param((), None, id="no incidents"),
    ],
)
def test_mean_times_to_recovery(lengths, mean):
    """Incidents/test_mean_time_to_recovery.py: from an incident's creation to its resolution."""
    releases, incidents = failures(*lengths)

    recovery = figure(RECOVERY, releases, Window(FIRST_WEEK, SECOND_WEEK), incidents, headline="mean")

    assert (recovery.value, recovery.n) == (mean, len(lengths))


def test_weekly_mean_times_to_recovery():
    """First week 100, 100 and 400 s: 200; third week four of 100 s; none in the second and the fourth."""
    first_week = {10: (100,), 28: (100,), 29: (400,)}
    third_week = {2 * 24: (100,), 3 * 24: (100,), 4 * 24: (100, 100)}
    releases, incidents = [], []
    for week, by_hour in ((FIRST_WEEK, first_week), (THIRD_WEEK, third_week)):
        for hour, lengths in by_hour.items():
            more_releases, more_incidents = failures(*lengths, at=week + hour * HOUR_S)
            releases += more_releases
            incidents += more_incidents
    analysis = analysed(releases, incidents, headline="mean")
    made = report(analysis, Window(FIRST_WEEK, FOURTH_WEEK + DAY_S), NOW)

    weeks = made.by_period(made.total, "week")

    assert [week.figures[RECOVERY].value for week in weeks.values()] == [200, None, 100, None]
    assert [week.figures[RECOVERY].n for week in weeks.values()] == [3, 0, 4, 0]
    assert len(pooled(analysis).outages) == 7
