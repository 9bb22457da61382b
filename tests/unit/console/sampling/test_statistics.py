"""What the page of sampling rules counts, and what chance allows."""

from datetime import UTC, datetime

import pytest

from console.sampling.statistics import Statistics, band

RULE = {"RuleName": "a-tenth", "FixedRate": 0.1, "ReservoirSize": 0}


def summary(at_s, seen, sampled, name="a-tenth"):
    return {
        "RuleName": name,
        "Timestamp": datetime.fromtimestamp(at_s, UTC),
        "RequestCount": seen,
        "SampledCount": sampled,
    }


@pytest.mark.parametrize(
    ("rate", "reservoir", "seen", "seconds", "edges"),
    [
        (0.1, 0, 1000, 60, (81, 119)),
        (1.0, 0, 50, 60, (50, 50)),
        (0.0, 0, 50, 60, (0, 0)),
        (0.05, 1, 600, 60, (19, 98)),
        (0.5, 100, 40, 10, (13, 40)),
    ],
)
def test_the_band_holds_what_nineteen_of_twenty_cases_give(rate, reservoir, seen, seconds, edges):
    least, most = band(rate, reservoir, seen, seconds)

    assert abs(least - edges[0]) <= 1
    assert abs(most - edges[1]) <= 1


def test_windows_are_summed_once_each_over_one_and_fifteen_minutes():
    now_s, answers = 10_000.0, [summary(9_985, 100, 12)]
    statistics = Statistics(lambda: answers, lambda: now_s)
    for _ in range(3):
        statistics.collect()
    answers[:] = [summary(9_500, 50, 40), summary(8_000, 7, 7), summary(9_985, 9, 9, "another")]
    statistics.collect()

    minute, quarter = statistics.over(RULE, 1), statistics.over(RULE, 15)

    assert (minute.seen, minute.sampled, minute.is_within) == (100, 12, True)
    assert (quarter.seen, quarter.sampled, quarter.is_within) == (150, 52, False)
    assert statistics.over(RULE, 15, changed_s=9_970).seen == 0
    assert statistics.over(RULE, 15, changed_s=9_960).seen == 100
