"""A history that is shorter than the window is measured over what it covers."""

import pytest

from dora.analysis import analyse
from dora.metrics import FREQUENCY, RECOVERY, report
from dora.records import History
from dora.windows import Window
from tests.unit.dora.histories import at, good, incident

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


def test_weeks_of_a_short_history_are_measured_over_its_begun_days_too():
    """1 November 2026 is a Sunday: five on that day are five a day, five on the Monday likewise."""
    made, _ = frequency(deployed(*TEN), Window(at("2 18:00") - 30 * DAY_S, at("2 18:00")))

    weeks = made.by_period(made.services["orders"], "week")

    assert {name: week.figures[FREQUENCY].value for name, week in weeks.items()} == {
        "2026-W44": 5,
        "2026-W45": 5,
    }


def test_half_an_hour_of_an_hour_counts_as_what_it_is():
    """Three in 30 minutes: 3 / (30 / 1440) = 144 a day."""
    made, figure = frequency(deployed("2 10:00", "2 10:10", "2 10:20"), Window(at("2 09:30"), at("2 10:30")))

    assert (round(figure.value, 6), figure.formula) == (144, "deployments / 30 minutes")
    assert made.coverage.endswith("measured over 30 minutes")


def test_what_another_clock_puts_before_the_first_deployment_is_in_the_window():
    """d-0 went live at 8:50, ten minutes before it started: two clocks. It is one deployment all the same."""
    _, figure = frequency(
        [good("d-0", "2 09:00", "2 08:40", "2 08:50")], Window(at("1 00:00"), at("3 00:00"))
    )

    assert figure.n == 1


def test_no_outage_begins_before_its_deployment():
    """Both incidents name d-0, 9:00, and are over before it: their clock is wrong, and no outage is left."""
    early = (
        incident("i-0", "2 06:00", "2 06:10", deployment="d-0"),
        incident("i-1", "2 08:00", "2 08:10", deployment="d-0"),
    )

    made = report(
        analyse(History(tuple(deployed("2 09:00")), early)), Window(at("1 00:00"), at("3 00:00")), 0
    )

    recovery = made.services["orders"].figures[RECOVERY]
    assert (recovery.n, recovery.remarks) == (0, ("clock problem: 2 dropped, over before users saw it",))
    assert {outage.began_at for outage in made.services["orders"].outages} == {at("2 09:00")}
