"""The index of intervals, against looking at all of them."""

from hypothesis import given
from hypothesis import strategies as st

from dora.intervals import Intervals

SPANS = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 14)), max_size=12)


@given(SPANS, st.integers(-1, 15), st.integers(0, 5))
def test_the_newest_of_those_that_were_open(spans, start, length):
    end = start + length
    open_spans = [span for span in spans if span[0] <= end and span[1] > start]

    newest = Intervals(spans, lambda span: span[0], lambda span: span[1]).newest_overlapping(start, end)

    assert (newest and newest[0]) == max((begin for begin, _ in open_spans), default=None)
    assert newest is None or newest in open_spans


@given(SPANS, st.integers(-1, 15), st.integers(0, 5))
def test_the_first_that_began_between_two_instants(spans, start, length):
    begins = [begin for begin, _ in spans if start <= begin <= start + length]

    first = Intervals(spans, lambda span: span[0], lambda span: span[1]).first_between(start, start + length)

    assert (first and first[0]) == min(begins, default=None)
