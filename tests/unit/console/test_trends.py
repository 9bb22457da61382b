import pytest

from console import trends
from dora.analysis import analyse
from dora.metrics import FAIL_RATE, FREQUENCY, measure
from dora.records import History
from dora.windows import Window
from tests.unit.dora.histories import NOVEMBER, at, bad, good, incident, measured

GOOD = good("d-good", "1 10:00", "1 10:05", "1 10:10")
STOPPED = bad("d-stopped", "11 10:00", "11 10:05", "11 10:08", restored_at=at("11 10:08"))
BLOCKED = bad("d-blocked", "21 10:00", None, "21 10:08")


def points(name, *records, parts=3):
    history = analyse(History(records))
    service = history.services["orders"]
    return [(part, measure(service, part, history).figures[name]) for part in NOVEMBER.split(parts)]


def test_a_line_breaks_where_a_stretch_has_no_data():
    late = good("d-late", "21 10:00", "21 10:05", "21 10:10")

    drawn = trends.trend(points(FAIL_RATE, GOOD, late))

    assert drawn.path.count("M") == 2
    assert "L" not in drawn.path
    assert [dot.words for dot in drawn.dots] == [
        "2026-11-01 to 2026-11-11: 0.0 % (0 of 1)",
        "2026-11-21 to 2026-12-01: 0.0 % (0 of 1)",
    ]


def test_neighbours_are_joined_and_the_highest_is_at_the_top():
    drawn = trends.trend(points(FAIL_RATE, GOOD, STOPPED))

    assert drawn.path == "M50.0 51.0L150.0 5.0"
    assert drawn.highest == "100.0 %"


def test_a_frequency_says_how_many_there_were_at_most():
    assert trends.trend(points(FREQUENCY, GOOD)).highest == "1 in 10 days"


def test_nothing_is_drawn_of_nothing():
    assert trends.trend(points(FAIL_RATE, BLOCKED)) is None


def test_deployments_stand_in_the_lane_of_their_class_at_their_time():
    lanes = trends.picture(measured(GOOD, STOPPED, BLOCKED)).lanes

    places = {
        name: [(mark.judged.deployment.id, round(mark.percent)) for mark in lane]
        for name, lane in lanes.items()
    }
    assert places == {"ok": [("d-good", 1)], "failed": [("d-stopped", 35)], "blocked": [("d-blocked", 68)]}


def test_an_outage_that_is_not_over_reaches_to_the_end_of_the_window():
    [bar] = trends.picture(measured(GOOD, incident("i-1", "1 12:00"))).outages

    assert bar.left + bar.width == pytest.approx(100)
    assert bar.words.endswith("not over")


def test_an_outage_of_before_the_window_is_drawn_while_it_is_open():
    window = Window(at("5 00:00"), at("6 00:00"))

    [bar] = trends.picture(measured(GOOD, incident("i-1", "1 12:00"), window=window)).outages

    assert (bar.left, bar.width) == (0, 100)


def test_only_the_newest_are_drawn_and_the_others_are_counted(monkeypatch):
    monkeypatch.setattr(trends, "MOST_MARKS", 1)

    drawn = trends.picture(measured(GOOD, STOPPED, BLOCKED))

    assert drawn.left_out == 2
    assert [len(lane) for lane in drawn.lanes.values()] == [0, 0, 1]


def test_edges_are_days_of_a_long_window_and_times_of_a_short_one():
    assert trends.edge(NOVEMBER.start, NOVEMBER) == "2026-11-01"
    assert trends.edge(at("1 10:00"), Window(at("1 10:00"), at("1 16:00"))) == "11-01 10:00 UTC"
