import json

import pytest

from console.logs import Wanted, _line

TRACE = "1-6b04694b-507de4e1086c07cb6ebd6d11"


def line(**fields):
    return _line("/lantern/orders", {"timestamp": 1500, "message": json.dumps(fields), "eventId": "e"})


def test_a_line_says_who_wrote_it_when_and_in_which_trace():
    found = line(
        service="orders", level="INFO", message="placed", trace_id=TRACE, segment_id="ab", order_id="o-1"
    )

    assert (found.time_s, found.service, found.level, found.message) == (1.5, "orders", "INFO", "placed")
    assert (found.trace_id, found.segment_id, found.rest()) == (TRACE, "ab", {"order_id": "o-1"})


@pytest.mark.parametrize("text", ["Traceback (most", "{", "{" * 3000, "[1]", '{"a":' * 2000, ""])
def test_a_line_that_is_no_object_is_shown_as_it_is(text):
    found = _line("/lantern/orders", {"timestamp": 1, "message": text})

    assert (found.message, found.fields, found.service) == (text, {}, "orders")


def test_a_level_means_that_level_and_worse():
    levels = ["DEBUG", "INFO", "WARNING", "ERROR", "odd"]

    assert [level for level in levels if Wanted(level="WARNING").matches(line(level=level))] == [
        "WARNING",
        "ERROR",
    ]


def test_text_is_found_anywhere_and_a_trace_by_its_field():
    assert Wanted(text="PLACED").matches(line(message="order placed"))
    assert not Wanted(text="paid").matches(line(message="order placed"))
    assert Wanted(trace_id=TRACE).matches(line(trace_id=TRACE))
    assert not Wanted(trace_id=TRACE).matches(line(message=f"about {TRACE}"))


def test_the_pattern_is_one_quoted_phrase():
    assert Wanted(text='say "hi"\\').pattern() == '"say \\"hi\\"\\\\"'
    assert Wanted(text="x", trace_id=TRACE).pattern() == f'"{TRACE}"'
    assert Wanted().pattern() == ""
