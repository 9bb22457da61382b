import pytest

from local.cloudwatch.embedded import Malformed, Metrics, Series

MINUTE = 1_700_000_040_000
SERIES = Series("Lantern", (), "Requests", "Count")


def fields(latency):
    metrics = [{"Name": "Requests", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}]
    directive = {"Namespace": "Lantern", "Dimensions": [["Service", "Version"]], "Metrics": metrics}
    values = {"Service": "orders", "Version": "1.0", "Requests": 1, "Latency": latency}
    return {"_aws": {"Timestamp": MINUTE, "CloudWatchMetrics": [directive]}, **values}


def data(metrics):
    return {(datum["MetricName"], datum["Timestamp"].timestamp()): datum for _, datum in metrics.data()}


def test_values_of_a_minute_are_counted_by_series():
    metrics = Metrics()
    for latency, second in ((12.34, 0), (12.31, 59), (200, 30), (7, 60)):
        metrics.read(fields(latency), MINUTE + second * 1000)

    by_name_and_minute = data(metrics)

    first = min(minute for _, minute in by_name_and_minute)
    assert by_name_and_minute["Latency", first]["Values"] == [12.0, 200.0]
    assert by_name_and_minute["Latency", first]["Counts"] == [2.0, 1.0]
    assert by_name_and_minute["Requests", first]["Counts"] == [3.0]
    assert by_name_and_minute["Requests", first]["Dimensions"] == [
        {"Name": "Service", "Value": "orders"},
        {"Name": "Version", "Value": "1.0"},
    ]
    assert by_name_and_minute["Requests", first + 60]["Counts"] == [1.0]


def test_every_element_of_an_array_is_counted():
    metrics = Metrics()

    metrics.read(fields([10, 20, 20]), MINUTE)

    assert data(metrics)["Latency", MINUTE // 60_000 * 60]["Counts"] == [1.0, 2.0]


def test_more_values_than_a_datum_takes_make_several_data():
    metrics = Metrics()
    for value in range(400):
        metrics.add(SERIES, value, MINUTE)

    assert [len(datum["Values"]) for _, datum in metrics.data()] == [150, 150, 100]


@pytest.mark.parametrize(
    "changes",
    [
        {"_aws": None},
        {"_aws": {}},
        {"_aws": {"CloudWatchMetrics": [5]}},
        {"Latency": "slow"},
        {"Latency": float("nan")},
        {"Requests": {}},
    ],
)
def test_malformed_metrics_are_refused(changes):
    with pytest.raises(Malformed):
        Metrics().read({**fields(1), **changes}, MINUTE)


def test_a_missing_dimension_is_refused():
    without = fields(1)
    del without["Version"]

    with pytest.raises(Malformed):
        Metrics().read(without, MINUTE)


def test_metrics_that_could_not_be_sent_are_sent_with_the_next():
    metrics = Metrics()
    metrics.add(SERIES, 1, MINUTE)
    batch = metrics.take()
    metrics.add(SERIES, 1, MINUTE)

    metrics.add_all(batch)

    assert [datum["Counts"] for _, datum in metrics.data()] == [[2.0]]
