"""Cases that other DORA tools publish with their results: the same input must give the same figure here.

Where a tool's rule is another one, the case says which option or which window makes the two comparable.
"""

import pytest

from dora.analysis import analyse
from dora.counting_rules import CountingRules
from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, RECOVERY, measure, pooled
from dora.records import LISTED, Commit, Deployment, History, Incident
from dora.times import instant
from dora.windows import Window

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


def figure(name, deployments, window, incidents=(), **rules):
    """Metrik averages over the deployments of all pipelines: all services together, not a mean of them."""
    history = History(tuple(deployments), tuple(incidents))
    analysis = analyse(history, CountingRules(**rules))
    return measure(pooled(analysis), window, analysis).figures[name]


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


def test_devlakes_six_incidents_of_four_deployments_are_four_failures():
    """apache/devlake#8890: 6 incidents on 4 of 23 deployments: 4 / 23 = 17.4 %, not 6 / 23 = 26.1 %."""
    rate = figure(FAIL_RATE, released(23), YEAR, caused_by(1, 1, 1, 5, 9, 20))

    assert (rate.numerator, rate.n, round(rate.value * 100, 1)) == (4, 23, 17.4)


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


def test_devlake_links_an_incident_to_the_last_success_before_it():
    """connect_incident_to_deploy_test.go of apache/incubator-devlake, with its deployments and incidents.

    DevLake knows no limit, so it blames pipeline7 in November for what it deployed in September. With a
    limit of a year we agree; with ours of a day those are caused by no change."""
    finished = {
        "pipeline1": "2022-09-11T22:51:47Z",
        "pipeline2": "2022-09-14T22:51:47Z",
        "pipeline4": "2022-09-16T22:51:47Z",
        "pipeline6": "2022-09-20T22:51:47Z",
        "pipeline7": "2022-09-23T22:51:47Z",
    }
    deployments = [
        Deployment(id=key, service="project1", status=SUCCESS, started_at=instant(at), live_at=instant(at))
        for key, at in finished.items()
    ]
    opened = {
        "1367714738": ("2022-11-13T23:37:21Z", "pipeline7"),
        "1370816458": ("2022-11-13T01:07:21Z", "pipeline7"),
        "1371320153": ("2022-11-02T08:21:09Z", "pipeline7"),
        "1372381019": ("2022-11-28T01:46:47Z", "pipeline7"),
        "1372644519": ("2022-11-16T21:34:01Z", "pipeline7"),
        "1373792478": ("2022-09-15T01:56:16Z", "pipeline2"),
    }
    incidents = [
        Incident(id=key, service="project1", opened_at=instant(at)) for key, (at, _) in opened.items()
    ]
    history = History(tuple(deployments), tuple(incidents))

    without_limit = analyse(history, CountingRules(link_limit_s=365 * 86400)).services["project1"].links
    ours = analyse(history).services["project1"].links

    assert {link.incident.id: link.deployment for link in without_limit} == {
        key: deployment for key, (_, deployment) in opened.items()
    }
    assert {link.incident.id: link.deployment for link in ours if link.deployment} == {
        "1373792478": "pipeline2"
    }


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
