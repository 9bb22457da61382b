from console.dora.trend import trend
from dora.analysis import analyse
from dora.metrics import FAIL_RATE, FREQUENCY, measure
from dora.records import History
from tests.unit.dora.histories import NOVEMBER, at, bad, good

GOOD = good("d-good", "1 10:00", "1 10:05", "1 10:10")
STOPPED = bad("d-stopped", "11 10:00", "11 10:05", "11 10:08", restored_at=at("11 10:08"))
BLOCKED = bad("d-blocked", "21 10:00", None, "21 10:08")


def points(name, *records, parts=3):
    history = analyse(History(records))
    service = history.services["orders"]
    return [(part, measure(service, part, history).figures[name]) for part in NOVEMBER.split(parts)]


def test_a_line_breaks_where_a_part_of_the_window_has_no_data():
    late = good("d-late", "21 10:00", "21 10:05", "21 10:10")

    line = trend(points(FAIL_RATE, GOOD, late))

    assert line.path.count("M") == 2
    assert "L" not in line.path
    assert [dot.words for dot in line.dots] == [
        "2026-11-01 to 2026-11-11: 0.0 % (0 of 1)",
        "2026-11-21 to 2026-12-01: 0.0 % (0 of 1)",
    ]


def test_neighbouring_points_are_joined_and_the_highest_is_at_the_top():
    line = trend(points(FAIL_RATE, GOOD, STOPPED))

    assert line.path == "M50.0 51.0L150.0 5.0"
    assert line.highest == "100.0 %"


def test_the_axis_of_a_frequency_ends_at_a_count():
    assert trend(points(FREQUENCY, GOOD)).highest == "1 in 10 days"


def test_without_data_there_is_no_trend():
    assert trend(points(FAIL_RATE, BLOCKED)) is None
