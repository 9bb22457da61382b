import pytest

from dora.analysis import analyse
from dora.metrics import FAIL_RATE, FREQUENCY, LEAD_TIME, METRICS, RECOVERY, REWORK_RATE, report
from dora.records import History
from dora.windows import Window
from tests.unit.dora.histories import NOVEMBER, at, figure, good, incident, measured

NOON = good("d-noon", "2 11:50", "2 11:55", "2 12:00")


def test_frequency_is_deployments_by_days():
    frequency = figure(
        FREQUENCY,
        NOON,
        good("d-2", "9 10:00", "9 10:05", "9 10:10"),
        window=Window(at("1 00:00"), at("11 00:00")),
    )

    assert (frequency.value, frequency.n, frequency.deployments) == (0.2, 2, ("d-noon", "d-2"))


def test_days_a_week_with_a_deployment_are_counted_as_days():
    """Three on one day are one day; 2, 1, 0 and 0 days in four weeks: the median is 0.5."""
    days = ["1 10", "1 11", "1 12", "3 10", "9 10"]
    records = [good(f"d-{n}", f"{day}:00", f"{day}:05", f"{day}:10") for n, day in enumerate(days)]

    frequency = figure(FREQUENCY, *records, window=Window(at("1 00:00"), at("29 00:00")))

    assert frequency.remarks == ("median 0.5 days a week with a deployment",)


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        ("2 12:00", "3 00:00", 1),
        ("2 00:00", "2 12:00", 0),
        ("2 11:59", "2 12:01", 1),
        ("2 12:01", "3 00:00", 0),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(start, end, counted):
    assert figure(FREQUENCY, NOON, window=Window(at(start), at(end))).n == counted


@pytest.mark.parametrize("name", METRICS)
def test_no_data_is_none_with_a_reason_and_never_zero(name):
    empty_figure = figure(name, NOON, window=Window(at("20 00:00"), at("21 00:00")))

    assert (empty_figure.value, empty_figure.n) == (None, 0)
    assert empty_figure.reason


def test_an_empty_history_reports_no_service():
    assert report(analyse(History()), NOVEMBER, 0).services == {}


def test_rates_say_of_how_many():
    orders = measured(NOON)

    assert [
        (orders.figures[name].numerator, orders.figures[name].n) for name in (FAIL_RATE, REWORK_RATE)
    ] == [
        (0, 1),
        (0, 1),
    ]


def test_incidents_are_a_source_of_incidents():
    history = analyse(History((NOON,), (incident("i-1", "2 13:00"),)))

    fail_rate = report(history, NOVEMBER, 0).services["orders"].figures[FAIL_RATE]

    assert fail_rate.sources == "incidents: reports"
    assert fail_rate.remarks == ("1 of them inferred from the time of an incident",)


def test_a_fail_rate_without_any_source_of_incidents_says_so():
    history = analyse(History((NOON,)))

    figures = report(history, NOVEMBER, 0).services["orders"].figures

    assert "nobody looked for incidents" in figures[FAIL_RATE].remarks[0]
    assert (figures[LEAD_TIME].value, figures[RECOVERY].value) == (None, None)
