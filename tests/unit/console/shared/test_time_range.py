import pytest

from console.shared.errors import BadInput
from console.shared.time_range import age, clock, iso, time_range

NOW = 1_700_000_000.0


def test_a_range_ends_now_and_moves_on():
    span = time_range({"range": "15m"}, NOW)

    assert (span.start_s, span.end_s, span.is_live, span.minutes) == (NOW - 900, NOW, True, 15)
    assert span.words() == "last 15m"


def test_a_start_and_an_end_stay_where_they_are():
    span = time_range({"start": "2023-11-14T22:00:00Z", "end": "1700000000"}, 0)

    assert (span.start_s, span.end_s, span.is_live) == (1_699_999_200, NOW, False)


@pytest.mark.parametrize(
    "arguments",
    [
        {"range": "soon"},
        {"range": "7h"},
        {"range": "0m"},
        {"range": "-5m"},
        {"start": "1", "end": ""},
        {"start": "x", "end": "2023-11-14T22:00:00Z"},
        {"start": "2023-11-14T22:00:00Z", "end": "2023-11-14T21:00:00Z"},
        {"start": "2023-11-14T00:00:00Z", "end": "2023-11-14T21:00:00Z"},
        {"start": "1e999", "end": "9" * 400},
    ],
)
def test_a_range_that_cannot_be_is_refused_naming_the_field(arguments):
    with pytest.raises(BadInput, match="|".join(arguments)):
        time_range(arguments, NOW)


@pytest.mark.parametrize("fraction_s", [0.0, 0.001, 0.5])
def test_the_longest_range_stays_within_x_rays_bound_in_whole_seconds(fraction_s):
    start_s, end_s = time_range({"range": "6h"}, NOW + fraction_s).whole_seconds()

    assert end_s - start_s == 6 * 3600
    assert end_s >= NOW + fraction_s


def test_instants_are_utc():
    assert iso(NOW) == "2023-11-14T22:13:20.000Z"
    assert clock(NOW + 0.5) == "22:13:20.500"
    assert [age(NOW - back, NOW) for back in (3, 90, 7200, -1)] == [
        "3 s ago",
        "2 m ago",
        "2 h ago",
        "0 s ago",
    ]
