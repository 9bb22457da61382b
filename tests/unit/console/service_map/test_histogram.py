import pytest

from console.service_map.histogram import BARS, histogram


def test_every_request_is_in_one_bar_and_percentiles_are_counted():
    measured = histogram([(0.010, 90), (0.100, 9), (1.0, 1)])

    assert sum(bar.count for bar in measured.bars) == 100
    assert measured.percentiles == pytest.approx({"p50": 10, "p95": 100, "p99": 100})
    assert (measured.bars[0].count, measured.bars[-1].count, len(measured.bars)) == (90, 1, BARS)
    assert measured.bars[0].height == 100


def test_equal_times_are_one_bar_and_no_times_are_no_histogram():
    assert sum(bar.count for bar in histogram([(0.5, 7)]).bars) == 7
    assert (histogram([(0.5, 7)]).start_ms, round(histogram([(0.5, 7)]).end_ms, 3)) == (499.5, 500.5)
    assert histogram([]) is None
