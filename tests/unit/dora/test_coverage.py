"""A history that is shorter than the window is measured over what it covers."""

import pytest

from dora.analysis import analyse
from dora.metrics import FREQUENCY, report
from dora.records import History
from dora.windows import Window
from tests.unit.dora.histories import at, good

DAY_S = 86400


def deployed(*starts):
    return [good(f"d-{n}", start, start, start) for n, start in enumerate(starts)]


def frequency(deployments, window):
    made = report(analyse(History(tuple(deployments))), window, window.end)
    return made, made.services["orders"].figures[FREQUENCY]


# Five on each of two days: 10 / 2 = 5 a day, whatever the hours of the first and the last.
TEN = [f"{day} {hour:02}:00" for day in (1, 2) for hour in (9, 11, 13, 15, 17)]


@pytest.mark.parametrize("until", ["2 18:00", "3 00:00", "3 10:00"])
def test_ten_deployments_in_two_days_are_five_a_day(until):
    month = Window(at(until) - 30 * DAY_S, at(until))

    made, figure = frequency(deployed(*TEN), month)

    assert (figure.value, figure.n, figure.formula) == (5, 10, "deployments / 2 days")
    assert made.coverage == "the history begins at 2026-11-01T09:00:00Z: measured over 2 days"


def test_a_history_that_is_longer_than_the_window_is_measured_over_the_window():
    """Five of the ten are in the last day."""
    made, figure = frequency(deployed(*TEN), Window(at("2 00:00"), at("3 00:00")))

    assert (figure.value, figure.n, made.coverage) == (5, 5, "")


def test_half_an_hour_of_a_month_counts_as_a_day():
    _, figure = frequency(deployed("2 10:00", "2 10:10", "2 10:20"), Window(at("1 00:00"), at("2 10:30")))

    assert (figure.value, figure.formula) == (3, "deployments / 1 day")


def test_half_an_hour_of_an_hour_counts_as_what_it_is():
    """Three in 30 minutes: 3 / (30 / 1440) = 144 a day."""
    made, figure = frequency(deployed("2 10:00", "2 10:10", "2 10:20"), Window(at("2 09:30"), at("2 10:30")))

    assert (round(figure.value, 6), figure.formula) == (144, "deployments / 30 minutes")
    assert made.coverage.endswith("measured over 30 minutes")
