from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from console.shared.chart import Chart, Line, over_range, points

REQUESTS = ({"Service": "orders"}, "Requests", "Sum")


def cloudwatch(values, *, aligned_to_epoch=True):
    """A CloudWatch with one metric: `values` by epoch seconds, summed up in periods."""

    def pages(_service, _operation, _key, **parameters):
        start_s, end_s = (parameters[name].timestamp() for name in ("StartTime", "EndTime"))
        period_s = parameters["MetricDataQueries"][0]["MetricStat"]["Period"]
        origin_s = 0 if aligned_to_epoch else start_s
        sums = {}
        for at_s, value in values.items():
            if start_s <= at_s < end_s:
                period = (at_s - origin_s) // period_s * period_s + origin_s
                sums[period] = sums.get(period, 0.0) + value
        times = [datetime.fromtimestamp(at_s, UTC) for at_s in sums]
        return [{"Id": "q0", "Timestamps": times, "Values": list(sums.values())}]

    return SimpleNamespace(pages=pages)


def test_no_point_is_of_a_minute_after_the_range():
    aws = cloudwatch({59: 1.0, 60: 2.0, 179: 3.0, 180: 4.0})

    assert points(aws, "Lantern", [REQUESTS], 60, 180) == [[(60.0, 2.0), (120.0, 3.0)]]
    assert points(aws, "Lantern", [REQUESTS], 61, 179.5) == [[(60.0, 2.0), (120.0, 3.0)]]


@pytest.mark.parametrize("aligned_to_epoch", [True, False])
@pytest.mark.parametrize("start_s", [0, 60, 61, 3540, 86_340, 86_460])
@pytest.mark.parametrize("length_s", [60, 300, 3600, 21_600])
def test_a_value_of_the_range_is_of_all_its_minutes(aligned_to_epoch, start_s, length_s):
    values = {start_s: 1.0, start_s + length_s - 1: 2.0, start_s + length_s + 60: 4.0}
    aws = cloudwatch(values, aligned_to_epoch=aligned_to_epoch)

    assert over_range(aws, "Lantern", [REQUESTS], start_s, start_s + length_s) == [3.0]


def test_a_metric_without_points_has_no_value():
    assert over_range(cloudwatch({}), "Lantern", [REQUESTS], 0, 60) == [None]


def test_a_chart_breaks_where_points_of_its_own_period_are_missing():
    line = Line("blue", "", [(60, 1), (65, 1), (100, 1)])
    chart = Chart("Requests", "", [line], 60, 120, 5)

    assert chart.path(line) == "M0.0 0.0h2M0.0 0.0L50.0 0.0M400.0 0.0h2M400.0 0.0"
    assert chart.dots(line) == "M0.0 0.0h0M50.0 0.0h0M400.0 0.0h0"


@pytest.mark.parametrize(
    ("highest", "values"),
    [
        (0, [0, 0.5, 1]),
        (3, [0, 1, 2, 3]),
        (97, [0, 50, 100]),
        (1559, [0, 1000, 2000]),
        (0.03, [0, 0.01, 0.02, 0.03]),
    ],
)
def test_the_marks_of_the_value_axis_are_round_and_reach_the_highest_value(highest, values):
    chart = Chart("Latency", "ms", [Line("p95", "1", [(60, highest)])], 0, 600)

    assert [round(tick.value, 6) for tick in chart.value_ticks()] == values
    assert chart.value_ticks()[-1].place == 0


def test_the_marks_of_the_time_axis_are_at_whole_minutes_and_a_threshold_is_on_the_axis():
    chart = Chart("Latency", "ms", [Line("p95", "1", [(60, 5)])], 30, 930, thresholds=(("slow", 12.0),))

    assert [tick.value for tick in chart.time_ticks()] == [300, 600, 900]
    assert chart.top >= 12
    assert 0 <= chart.y(12) < chart.y(5) < 100


def test_three_versions_are_drawn_with_a_colour_for_each_and_a_dash_for_each_percentile():
    lines = [
        Line(label, f"1.{number}", [(60.0 * number, 1.0)])
        for number in range(1, 6)
        for label in ("p50", "p95")
    ]
    chart = Chart("Latency", "ms", lines, 0, 600)

    assert chart.versions() == ["1.5", "1.4", "1.3", "1.2", "1.1"]
    assert {line.version for line in chart.drawn} == {"1.3", "1.4", "1.5"}
    assert [chart.style(line) for line in chart.drawn[:3]] == [
        "line-0 dash-0",
        "line-0 dash-1",
        "line-1 dash-0",
    ]
    assert chart.moments()[0] == (180.0, [1.0, 1.0, None, None, None, None])
