import pytest

from console.dora import selection as address
from console.shared.errors import BadInput
from tests.unit.dora.histories import at

NOW = at("21 00:00")


def selection(**arguments):
    return address.selection(arguments, ["catalog", "orders"], at("1 10:00"), NOW)


def test_the_default_window_is_the_shortest_that_holds_the_whole_history():
    days = {0.1: "6h", 0.9: "24h", 3: "7d", 8: "30d", 400: "30d"}

    assert {age: address.default_window(NOW - age * 86400, NOW) for age in days} == days
    assert address.default_window(None, NOW) == "6h"


def test_a_window_can_end_at_an_instant():
    selected = selection(window="7d", until="2026-11-08")

    assert (selected.window.start, selected.window.end) == (at("1 00:00"), at("8 00:00"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"window": "soon"}, "window 'soon': expected UTC"),
        ({"window": "7d", "until": "soon"}, "until 'soon': expected UTC"),
        ({"window": "5000d"}, "window='5000d': expected at most 100 days"),
        ({"window": "99999w"}, "window 99999w until now: expected a begin before the end"),
        ({"service": "nobody"}, "service='nobody': there are deployments of catalog, orders"),
        ({"figure": "change-fail-rate"}, "and a service"),
        ({"by": "day"}, "by='day': expected one of week, month"),
        ({"figure": "speed", "service": "orders"}, "figure='speed': expected one of change-lead-time"),
    ],
)
def test_a_wrong_argument_is_refused_naming_it(arguments, words):
    with pytest.raises(BadInput) as caught:
        selection(**arguments)

    assert words in caught.value.detail
