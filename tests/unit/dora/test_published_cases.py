"""Cases that other DORA tools publish with their results: the same input must give the same figure here.

Where a tool's rule is another one, the case says which option or which window makes the two comparable.
"""

import pytest

from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, RECOVERY
from dora.records import LISTED, Commit, Deployment, Incident
from dora.times import instant
from dora.windows import Window
from tests.unit.dora.published import figure

SUCCESS, FAILED, OTHERS = "succeeded", "failed", "stopped"


def build(number, start, finish, status, *commit_times, pipeline="1"):
    """A build of Metrik's test files: its deploy stage, and the times of the commits that it lists."""
    name = f"{pipeline}/{number}"
    commits = tuple(Commit(f"{name}/{n}", float(at)) for n, at in enumerate(commit_times))
    return Deployment(
        id=name,
        service=pipeline,
        status=status,
        started_at=float(start),
        exposed_at=float(finish) if status == FAILED else None,
        live_at=float(finish) if status == SUCCESS else None,
        ended_at=float(finish),
        commits=commits,
        commits_are=LISTED,
    )


def pipelines(first, second=()):
    return [
        build(number, *row, pipeline=pipeline)
        for pipeline, rows in (("1", first), ("2", second))
        for number, row in enumerate(rows, 1)
    ]


TWO = (3, 8, SUCCESS, 1, 2)
FIVE = [TWO, (8, 13, SUCCESS, 6, 7), (12, 17, SUCCESS, 10, 11)]
SIX_1 = [
    TWO,
    (8, 11, FAILED, 4, 5),
    (12, 14, OTHERS),
    (15, 19, SUCCESS, 13, 14),
    (20, 25, OTHERS),
    (26, 30, OTHERS, 22, 23),
    (31, 36, SUCCESS, 28, 29),
]
SIX_2 = [TWO, (8, 11, FAILED, 9, 9), (12, 14, OTHERS), (15, 19, SUCCESS, 19, 19), *SIX_1[4:]]
NINE_1 = [TWO, (8, 13, SUCCESS, 6, 7), (12, 17, SUCCESS, 10, 11, 12), (18, 23, SUCCESS, 16, 17)]
NINE_2 = [TWO, (8, 13, SUCCESS, 13, 13), (12, 17, SUCCESS, 17, 17, 17), (18, 23, SUCCESS, 16, 17)]
TEN = [
    TWO,
    (8, 13, FAILED, 6, 7),
    (12, 17, SUCCESS, 10, 11, 12),
    (18, 23, OTHERS, 16, 17),
    (24, 29, OTHERS),
    (30, 34, SUCCESS),
    (35, 39, OTHERS, 33, 34),
    (40, 44, SUCCESS, 37, 38),
    (45, 49, OTHERS, 41, 42),
]


@pytest.mark.parametrize(
    ("builds", "start", "end", "expected"),
    [
        pytest.param(pipelines([TWO], [TWO]), 100, 200, None, id="case 1"),
        # (8-1) + (8-2) + (8-6) = 15; 15 / 3 = 5
        pytest.param(pipelines([TWO], [(3, 8, SUCCESS, 6)]), 0, 20, 5.0, id="case 2"),
        pytest.param(pipelines([TWO], [(3, 8, SUCCESS, 6)]), 8, 20, 5.0, id="case 3"),
        pytest.param(pipelines([TWO], [(3, 8, SUCCESS, 6)]), 1, 8, 5.0, id="case 4"),
        # (13-6) + (13-7) = 13; 13 / 2 = 6.5
        pytest.param(pipelines(FIVE), 10, 14, 6.5, id="case 5"),
        pytest.param(
            pipelines([row[:3] for row in FIVE], [row[:3] for row in FIVE]), 11, 13, None, id="case 5-1"
        ),
        pytest.param(pipelines([(8, 8, SUCCESS, 8, 8)]), 8, 8, 0.0, id="case 5-2"),
        # (17-10) + (17-11) = 13; 13 / 2 = 6.5
        pytest.param(
            pipelines([TWO, (8, 13, SUCCESS, 4, 5), FIVE[2], (18, 23, SUCCESS, 14, 15)]),
            16,
            18,
            6.5,
            id="case 5-3",
        ),
        # The failed build's commits are carried: 15+14+6+5 = 40 in one pipeline, 10+10+0+0 = 20 in the other
        pytest.param(pipelines(SIX_1, SIX_2), 13, 26, 60 / 8, id="case 6"),
        pytest.param(pipelines([SIX_1[n] for n in (2, 6, 0, 1, 3, 4, 5)]), 13, 26, 10.0, id="case 7"),
        pytest.param(pipelines(SIX_1[1:]), 13, 26, 10.0, id="case 8"),
        # 7+6 + 7+6+5 = 31, and five zeros
        pytest.param(pipelines(NINE_1, NINE_2), 13, 17, 3.1, id="case 9"),
        # (17*5-6-7-10-11-12) + (34*2-16-17) + (44*4-33-34-37-38) = 39+35+34 = 108; 108 / 11
        pytest.param(pipelines(TEN, TEN), 13, 49, 108 / 11, id="case 10"),
    ],
)
def test_metriks_lead_times(builds, start, end, expected):
    """LeadTimeForChangeCalculatorTest.kt of thoughtworks/metrik: means, and ranges that hold their end."""
    lead_time = figure(LEAD_TIME, builds, Window(start, end + 1), headline="mean")

    assert lead_time.value == expected


# ChangeFailureRateCalculatorTest.kt: times in seconds
CFR = [
    (at, at, status) for at, status in ((1606780800, SUCCESS), (1609459200, FAILED), (1610668800, SUCCESS))
]
CFR += [(1611964800, 1611964800, SUCCESS)]


@pytest.mark.parametrize(
    ("builds", "start", "expected"),
    [
        pytest.param(pipelines(CFR), 1609459200, 1 / 3, id="1 of 3 in one pipeline"),
        pytest.param(
            pipelines(CFR, [(at, at, SUCCESS) for at in (1606780800, 1609459200, 1610668800)]),
            1609459200,
            1 / 5,
            id="1 of 5 in two pipelines",
        ),
        pytest.param(pipelines(CFR), 1611974800, None, id="nothing in the range"),
    ],
)
def test_metriks_change_failure_rates(builds, start, expected):
    assert figure(FAIL_RATE, builds, Window(start, 1611994801)).value == expected


def test_metriks_mean_time_to_restore():
    """MeanTimeToRestoreCalculatorTest.kt and builds-for-MTTR-case-1.json: 144,000,005 ms.

    A stage ends at its begin + 1,000 ms + its pause. Failed 1609257601.01, and again a day later; good at
    1609459201.01: 201,600 s. Failed 1609516801.01, good at 1609603201.02: 86,400.01 s. Mean 144,000.005 s.
    Metrik takes what was restored in its range, we take what began in ours, which so begins earlier."""
    rows = [
        (1609171201.01, SUCCESS),
        (1609257601.01, FAILED),
        (1609344001.01, FAILED),
        (1609459201.01, SUCCESS),
        (1609516801.01, FAILED),
        (1609603201.02, SUCCESS),
        (1609776001.01, SUCCESS),
    ]
    builds = pipelines([(at - 1, at, status) for at, status in rows])

    recovery = figure(RECOVERY, builds, Window(1609171200, 1609689600), headline="mean")

    assert (round(recovery.value, 6), recovery.n) == (144_000.005, 2)


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param((SUCCESS,) * 7, id="case 3: all are good"),
        pytest.param((FAILED,) * 7, id="case 4: all have failed"),
        pytest.param((SUCCESS, FAILED), id="case 5: the last has failed"),
        pytest.param(
            (SUCCESS, SUCCESS, OTHERS, SUCCESS, OTHERS, SUCCESS, SUCCESS), id="case 7: none has failed"
        ),
        pytest.param((), id="no builds"),
    ],
)
def test_metriks_histories_without_a_recovery(statuses):
    """MeanTimeToRestoreCalculatorTest.kt: its value is not a number, ours none, with the reason."""
    day = instant("2020-12-29T00:00:00Z")
    builds = pipelines([(at := day + n * 86400, at, status) for n, status in enumerate(statuses)])

    recovery = figure(RECOVERY, builds, Window(day, day + 8 * 86400))

    assert (recovery.value, recovery.n) == (None, 0)
    assert recovery.reason


def at_days(*builds):
    """Builds of Metrik's cases: a day of 2021 and a status."""
    days = [(instant(f"2021-{day}T00:00:00Z"), status) for day, status in builds]
    return [(at, at, status) for at, status in days]


THREE_DAYS = at_days(("01-01", SUCCESS), ("01-15", SUCCESS), ("02-01", SUCCESS))


@pytest.mark.parametrize(
    ("builds", "span", "count"),
    [
        # one of each pipeline, on 15 January
        pytest.param(pipelines(THREE_DAYS, THREE_DAYS), ("2021-01-10", "2021-01-20"), 2, id="case 1"),
        # what counts is the deploy stage: good, failed, good after a failed build
        pytest.param(
            pipelines(at_days(("01-01", SUCCESS), ("01-15", FAILED), ("01-30", SUCCESS))),
            ("2020-12-30", "2021-02-01"),
            2,
            id="case 3",
        ),
    ],
)
def test_metriks_deployment_counts(builds, span, count):
    """DeploymentFrequencyCalculatorTest.kt: successes only, so they are counted as --count success does."""
    window = Window(*(instant(f"{day}T00:00:00Z") for day in span))

    assert figure(FREQUENCY, builds, window, count="success").n == count


def released(count, first="2026-11-01T10:00:00Z", every_s=86400):
    return [
        build(n, instant(first) + n * every_s, instant(first) + n * every_s, SUCCESS) for n in range(count)
    ]


def caused_by(*numbers):
    at = instant("2026-12-01T10:00:00Z")
    return [
        Incident(id=f"i-{n}", service="1", opened_at=at + n, closed_at=at + 60 + n, deployment=f"1/{number}")
        for n, number in enumerate(numbers)
    ]


YEAR = Window(instant("2026-01-01T00:00:00Z"), instant("2027-01-01T00:00:00Z"))


@pytest.mark.parametrize(("numbers", "expected"), [((0, 9), 0.2), ((0, 0), 0.1)])
def test_gitlabs_two_incidents_of_ten_deployments(numbers, expected):
    """gitlab-org/gitlab#444295: on two days 0.2; both on the first day "the correct answer should be 0.1"."""
    assert figure(FAIL_RATE, released(10), YEAR, caused_by(*numbers)).value == expected


def test_four_keys_example_of_a_change_failure_rate():
    """METRICS.md of dora-team/fourkeys: four deployments in a day, of which one fails, are 25 %."""
    rate = figure(FAIL_RATE, released(4, every_s=3600), YEAR, caused_by(2))

    assert rate.value == 0.25


def test_four_keys_weeks_are_counted_by_their_days():
    """METRICS.md: "the median number of days per week with deployments". 3, 3, 2 and 4 days: 3 of them."""
    days = [1, 2, 3, 8, 9, 10, 15, 16, 22, 23, 24, 25]
    builds = [
        build(n, at := instant(f"2026-11-{day:02}T10:00:00Z"), at, SUCCESS) for n, day in enumerate(days)
    ]
    month = Window(instant("2026-11-01T00:00:00Z"), instant("2026-11-29T00:00:00Z"))

    assert figure(FREQUENCY, builds, month).remarks == ("median 3 days a week with a deployment",)


def test_the_releases_of_go_git_that_four_keys_measures():
    """README of hmiyado/four-keys: v2.1.1 of go-git failed, v2.1.2 restored it 2.7969791666666666 days later.

    2016-01-11T12:09:15+01:00 - 2016-01-08T17:01:36+01:00 = 2 d 19 h 7 min 39 s = 241,659 s."""
    tags = {
        "v2.1.0": "2015-12-23T09:48:11+01:00",
        "v2.1.1": "2016-01-08T17:01:36+01:00",
        "v2.1.2": "2016-01-11T12:09:15+01:00",
    }
    lead_days = {"v2.1.0": 6.587986111111111, "v2.1.1": 0.00863425925925926, "v2.1.2": 0.017638888888888888}
    deployments = [
        Deployment(
            id=tag,
            service="1",
            status=SUCCESS,
            started_at=instant(at),
            live_at=instant(at),
            commits=(Commit(f"{tag}-first", instant(at) - lead_days[tag] * 86400),),
            commits_are=LISTED,
            fixes=("v2.1.1",) if tag == "v2.1.2" else (),
        )
        for tag, at in tags.items()
    ]
    window = Window(instant("2015-12-20T00:00:00Z"), instant("2016-01-13T00:00:00Z"))

    recovery = figure(RECOVERY, deployments, window)
    lead_time = figure(LEAD_TIME, deployments, window, headline="mean")
    rate = figure(FAIL_RATE, deployments, window)

    assert recovery.value / 86400 == pytest.approx(2.7969791666666666, abs=1e-12)
    assert lead_time.value / 86400 == pytest.approx(sum(lead_days.values()) / 3, abs=1e-9)
    assert (rate.numerator, rate.n) == (1, 3)
