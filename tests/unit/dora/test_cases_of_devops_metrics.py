"""Cases of DeveloperMetrics/DevOpsMetrics, src/DevOpsMetrics.Tests/Core: lists of days with a result each."""

import pytest

from dora.metrics import FAIL_RATE, FREQUENCY, RECOVERY
from dora.records import Deployment
from dora.times import DAY_S, instant
from dora.windows import Window
from tests.unit.dora.published import figure, release

NOW = instant("2023-06-15T12:00:00Z")
HOUR_S = 3600


def window(days):
    """So many days, in which now is the last instant."""
    return Window(NOW + 1 - days * DAY_S, NOW + 1)


def failed(days_ago, seconds=0.0):
    """A canary that failed, and was back after so many seconds."""
    at = NOW - days_ago * DAY_S
    return Deployment(
        id=f"failed-{days_ago}",
        service="shop",
        status="failed",
        started_at=at,
        exposed_at=at,
        ended_at=at + seconds,
        restored_at=at + seconds,
    )


@pytest.mark.parametrize(("bad", "rate"), [(0, 0), (1, 0.2), (2, 0.4), (3, 0.6)])
def test_change_failure_rates(bad, rate):
    """ChangeFailureRateTests.cs: of five deployments on five days the last have failed."""
    good = [release(f"good-{n}", NOW - n * DAY_S) for n in range(bad, 5)]

    assert figure(FAIL_RATE, [*good, *map(failed, range(bad))], window(7)).value == rate


@pytest.mark.parametrize(
    ("outages", "days", "hours"),
    [
        pytest.param({3: 40, 4: 50}, 7, 0.75, id="(40 + 50) / 2 min"),
        # (120 + 45 + 60 + 40 + 50) / 5 = 63 min; the one of 12 h is two weeks old
        pytest.param({0: 120, 1: 45, 2: 60, 3: 40, 4: 50, 14: 720}, 7, 1.05, id="six, of which one is older"),
        pytest.param({0: 25 * 60}, 1, 25, id="25 h"),
        pytest.param({0: 170 * 60}, 1, 170, id="170 h"),
        pytest.param({}, 1, None, id="none: theirs is 0 h, ours no data"),
    ],
)
def test_mean_times_to_restore(outages, days, hours):
    """MeanTimeToRestoreTests.cs: days before now, and minutes."""
    deployments = [failed(days_ago, minutes * 60) for days_ago, minutes in outages.items()]

    recovery = figure(RECOVERY, deployments, window(days), headline="mean")

    assert recovery.value == (None if hours is None else pytest.approx(hours * HOUR_S))


@pytest.mark.parametrize(
    ("days_ago", "days", "a_day"),
    [
        pytest.param((0,), 1, 1, id="1 in a day"),
        pytest.param((0, 1, 2, 3, 4, 8), 7, 0.7143, id="5 in 7 days; the sixth is older"),
        pytest.param((), 1, None, id="none: theirs is 0, ours no data"),
    ],
)
def test_deployment_frequencies(days_ago, days, a_day):
    """DeploymentFrequencyTests.cs."""
    releases = [release(f"release-{n}", NOW - n * DAY_S) for n in days_ago]

    frequency = figure(FREQUENCY, releases, window(days))

    assert frequency.value == (None if a_day is None else pytest.approx(a_day, abs=5e-5))
