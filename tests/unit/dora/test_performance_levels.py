import pytest

from dora.metrics import (
    FAIL_RATE,
    FREQUENCY,
    LEAD_TIME,
    PER_DAY,
    RECOVERY,
    REWORK_RATE,
    SECONDS,
    SHARE,
    Figure,
)
from dora.performance_levels import INDUSTRY, choice, mean_score, orient, score

HOUR, DAY = 3600, 86400


def figure(name, value):
    unit = {FREQUENCY: PER_DAY, FAIL_RATE: SHARE, REWORK_RATE: SHARE}.get(name, SECONDS)
    return Figure(name=name, unit=unit, value=value, n=1, formula="")


@pytest.mark.parametrize(
    ("seconds", "answer"),
    [
        (HOUR - 1, 6),
        (HOUR, 5),
        (DAY - 1, 5),
        (DAY, 4),
        (7 * DAY, 4),
        (8 * DAY, 3),
        (40 * DAY, 2),
        (200 * DAY, 1),
    ],
)
def test_the_quick_check_has_six_answers(seconds, answer):
    assert choice(seconds) == answer


def test_answers_become_scores_from_0_to_10():
    assert [score(figure(LEAD_TIME, seconds)) for seconds in (200 * DAY, 40 * DAY, HOUR / 2)] == [0, 2, 10]
    assert score(figure(FREQUENCY, 3)) == 8  # every eight hours: less than a day, more than an hour


def test_percents_become_scores_from_10_down():
    assert [score(figure(FAIL_RATE, share)) for share in (0.0, 0.19, 1.0)] == [10, 8.1, 0]


def test_the_mean_wants_all_five():
    values = {LEAD_TIME: HOUR / 2, FREQUENCY: 3, FAIL_RATE: 0.25, RECOVERY: 2 * HOUR, REWORK_RATE: 0.1}
    figures = {name: figure(name, value) for name, value in values.items()}

    assert mean_score(figures) == pytest.approx((10 + 8 + 7.5 + 8 + 9) / 5)
    assert mean_score(figures | {RECOVERY: figure(RECOVERY, None)}) is None


def test_the_industrys_mean_is_the_one_that_is_published():
    assert sum(INDUSTRY.values()) / 5 == pytest.approx(6.72)


@pytest.mark.parametrize(
    ("name", "value", "cluster"),
    [
        (LEAD_TIME, DAY - 1, "elite"),
        (LEAD_TIME, 3 * DAY, "high"),
        (LEAD_TIME, 10 * DAY, "medium"),
        (LEAD_TIME, 90 * DAY, "low"),
        (LEAD_TIME, 900 * DAY, ""),
        (FREQUENCY, 4, "elite"),
        (FREQUENCY, 0.5, "high"),
        (FAIL_RATE, 0.04, "elite"),
        (FAIL_RATE, 0.075, "elite or medium"),
        (FAIL_RATE, 0.2, "high"),
        (RECOVERY, HOUR / 2, "elite"),
        (RECOVERY, 2 * HOUR, "high or medium"),
        (RECOVERY, 3 * DAY, ""),
        (RECOVERY, 10 * DAY, "low"),
        (REWORK_RATE, 0.1, ""),
        (LEAD_TIME, None, ""),
    ],
)
def test_clusters_are_named_where_they_are_and_gaps_left_open(name, value, cluster):
    figures = {other: figure(other, None) for other in INDUSTRY} | {name: figure(name, value)}

    assert orient(figures)[name].cluster == cluster
