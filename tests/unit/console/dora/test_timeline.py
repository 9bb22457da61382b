import pytest

from console.dora import timeline
from dora.windows import Window
from tests.unit.dora.histories import NOVEMBER, at, bad, good, incident, measured

GOOD = good("d-good", "1 10:00", "1 10:05", "1 10:10")
STOPPED = bad("d-stopped", "11 10:00", "11 10:05", "11 10:08", restored_at=at("11 10:08"))
BLOCKED = bad("d-blocked", "21 10:00", None, "21 10:08")


def test_deployments_are_in_the_lane_of_their_class_at_their_time():
    lanes = timeline.timeline(measured(GOOD, STOPPED, BLOCKED)).lanes

    places = {
        name: [(mark.classified.deployment.id, round(mark.percent)) for mark in lane]
        for name, lane in lanes.items()
    }
    assert places == {"ok": [("d-good", 1)], "failed": [("d-stopped", 35)], "blocked": [("d-blocked", 68)]}


def test_an_outage_that_is_not_over_reaches_to_the_end_of_the_window():
    [bar] = timeline.timeline(measured(GOOD, incident("i-1", "1 12:00"))).outages

    assert bar.left + bar.width == pytest.approx(100)
    assert bar.words.endswith("not over")


def test_an_open_outage_from_before_the_window_is_drawn():
    window = Window(at("5 00:00"), at("6 00:00"))

    [bar] = timeline.timeline(measured(GOOD, incident("i-1", "1 12:00"), window=window)).outages

    assert (bar.left, bar.width) == (0, 100)


def test_only_the_newest_deployments_are_drawn_and_the_others_are_counted(monkeypatch):
    monkeypatch.setattr(timeline, "MOST_MARKS", 1)

    shown = timeline.timeline(measured(GOOD, STOPPED, BLOCKED))

    assert shown.left_out == 2
    assert [len(lane) for lane in shown.lanes.values()] == [0, 0, 1]


def test_the_ends_of_the_axis_are_days_of_a_long_window_and_times_of_a_short_one():
    assert timeline.end_label(NOVEMBER.start, NOVEMBER) == "2026-11-01"
    assert timeline.end_label(at("1 10:00"), Window(at("1 10:00"), at("1 16:00"))) == "11-01 10:00 UTC"
