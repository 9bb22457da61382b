from console.shared.chart import Chart, Line


def test_a_chart_breaks_where_points_of_its_own_period_are_missing():
    line = Line("blue", "", [(60, 1), (65, 1), (100, 1)])
    chart = Chart("Requests", "", [line], 60, 120, 5)

    assert chart.path(line) == "M0.0 5.0h2M0.0 5.0L50.0 5.0M400.0 5.0h2M400.0 5.0"
    assert chart.dots(line) == "M0.0 5.0h0M50.0 5.0h0M400.0 5.0h0"
