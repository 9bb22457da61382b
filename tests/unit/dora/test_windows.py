import pytest

from dora.errors import InputError
from dora.times import duration, instant, utc
from dora.windows import Window, window

NOW = 1_795_000_000.0
DAY_S = 86400


def test_a_length_counts_back_from_the_end():
    assert window("30d", "now", NOW) == Window(NOW - 30 * DAY_S, NOW)
    assert window("12h", "2026-11-02T00:00:00Z", NOW).words() == (
        "2026-11-01T12:00:00Z to 2026-11-02T00:00:00Z (12 hours, the end not included)"
    )


def test_a_day_is_its_midnight_in_utc():
    assert utc(window("2026-11-01", "2026-11-03", NOW).start) == "2026-11-01T00:00:00Z"


@pytest.mark.parametrize(
    ("since", "until", "named"),
    [
        ("soon", "now", "--since"),
        ("30d", "then", "--until"),
        ("2026-11-03", "2026-11-01", "begin before the end"),
        ("0d", "now", "begin before the end"),
        ("2026-11-03T10:00:00", "now", "no time zone"),
        ("99999w", "now", "after 1970"),
        ("1e30", "now", "between 1970 and 9999"),
        ("2026-02-30", "now", "--since"),
    ],
)
def test_a_window_that_cannot_be_is_refused_naming_the_option(since, until, named):
    with pytest.raises(InputError, match=named):
        window(since, until, NOW)


def test_weeks_are_whole_and_count_back_from_the_end():
    assert [week.end for week in Window(NOW - 15 * DAY_S, NOW).weeks()] == [NOW - 7 * DAY_S, NOW]


def test_parts_of_a_window_leave_no_gap():
    parts = Window(0, 10).split(3)

    assert (parts[0].start, parts[-1].end) == (0, 10)
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]


@pytest.mark.parametrize(
    "text", ["2026-11-01T10:00:00Z", "2026-11-01T11:00:00+01:00", "1793527200", "1793527200.0"]
)
def test_an_instant_is_the_same_however_it_is_written(text):
    assert instant(text) == 1_793_527_200


def test_durations_are_in_their_largest_unit():
    assert [duration(seconds) for seconds in (0.5, 90, 5400, 129_600)] == [
        "0.5 s",
        "1.5 min",
        "1.5 h",
        "1.5 d",
    ]
