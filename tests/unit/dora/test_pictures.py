from dataclasses import replace

import pytest

from dora import pictures
from dora.analysis import analyse
from dora.metrics import FAIL_RATE, FREQUENCY, measure
from dora.records import History
from dora.windows import Window
from tests.unit.dora.histories import NOVEMBER, at, bad, good, incident, measured

GOOD = good("d-good", "1 10:00", "1 10:05", "1 10:10")
STOPPED = bad("d-stopped", "11 10:00", "11 10:05", "11 10:08", restored_at=at("11 10:08"))
BLOCKED = bad("d-blocked", "21 10:00", None, "21 10:08")


def test_deployments_are_in_the_lane_of_their_class_at_their_time():
    lanes = pictures.timeline(measured(GOOD, STOPPED, BLOCKED)).lanes

    places = {
        lane.kind: [(mark.classified.deployment.id, round(mark.percent)) for mark in lane.marks]
        for lane in lanes
    }
    assert places == {"ok": [("d-good", 1)], "failed": [("d-stopped", 35)], "blocked": [("d-blocked", 68)]}


def test_an_outage_that_is_not_over_reaches_to_the_end_of_the_window():
    [bar] = pictures.timeline(measured(GOOD, incident("i-1", "1 12:00"))).outages

    assert bar.left + bar.width == pytest.approx(100)
    assert bar.words.endswith("not over")


def test_an_open_outage_from_before_the_window_is_drawn():
    window = Window(at("5 00:00"), at("6 00:00"))

    [bar] = pictures.timeline(measured(GOOD, incident("i-1", "1 12:00"), window=window)).outages

    assert (bar.left, bar.width) == (0, 100)


def test_only_the_newest_deployments_are_drawn_and_the_others_are_counted(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_MARKS", 1)

    shown = pictures.timeline(measured(GOOD, STOPPED, BLOCKED))

    assert shown.left_out == 2
    assert [(lane.count, len(lane.marks)) for lane in shown.lanes] == [(1, 0), (1, 0), (1, 1)]


def test_the_ends_of_the_axis_are_days_of_a_long_window_and_times_of_a_short_one():
    assert pictures.end_label(NOVEMBER.start, NOVEMBER) == "2026-11-01"
    assert pictures.end_label(at("1 10:00"), Window(at("1 10:00"), at("1 16:00"))) == "11-01 10:00 UTC"


def test_failures_of_which_nobody_knows_whether_users_saw_them_have_a_lane_where_there_are_any():
    unknown = bad("d-unknown", "5 10:00", None, "5 10:08")
    unknown = replace(unknown, never_exposed=False)

    kinds = [
        [lane.kind for lane in pictures.timeline(measured(*records)).lanes]
        for records in ((GOOD,), (GOOD, unknown))
    ]

    assert kinds == [["ok", "failed", "blocked"], ["ok", "failed", "blocked", "unknown"]]


def points(name, *records, parts=3):
    history = analyse(History(records))
    service = history.services["orders"]
    return [(part, measure(service, part, history).figures[name]) for part in NOVEMBER.split(parts)]


def test_a_line_breaks_where_a_part_of_the_window_has_no_data():
    late = good("d-late", "21 10:00", "21 10:05", "21 10:10")

    line = pictures.trend(points(FAIL_RATE, GOOD, late))

    assert line.path.count("M") == 2
    assert "L" not in line.path
    assert [dot.words for dot in line.dots] == [
        "2026-11-01 to 2026-11-11: 0.0 % (0 of 1)",
        "2026-11-21 to 2026-12-01: 0.0 % (0 of 1)",
    ]


def test_neighbouring_points_are_joined_and_the_highest_is_at_the_top():
    line = pictures.trend(points(FAIL_RATE, GOOD, STOPPED))

    assert line.path == "M50.0 51.0L150.0 5.0"
    assert line.highest == "100.0 %"


def test_the_axis_of_a_frequency_ends_at_a_count():
    assert pictures.trend(points(FREQUENCY, GOOD)).highest == "1 in 10 days"


def test_without_data_there_is_no_trend():
    assert pictures.trend(points(FAIL_RATE, BLOCKED)) is None
