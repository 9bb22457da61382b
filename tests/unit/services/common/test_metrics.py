"""The access line's metrics, as CloudWatch reads them: https://docs.aws.amazon.com/AmazonCloudWatch/latest/
monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""

from types import SimpleNamespace

import pytest
from flask import Flask

from services.common import metrics


@pytest.fixture(name="app")
def _app():
    app = Flask("orders")
    app.extensions["settings"] = SimpleNamespace(version="1.2.3")
    return app


@pytest.mark.parametrize(
    ("status", "errors", "faults"),
    [(200, 0, 0), (302, 0, 0), (404, 1, 0), (499, 1, 0), (500, 0, 1), (503, 0, 1)],
)
def test_a_4xx_is_an_error_and_a_5xx_a_fault(app, status, errors, faults):
    with app.app_context():
        fields = metrics.embedded(status, 12.5)

    assert (fields["Requests"], fields["Errors"], fields["Faults"]) == ([1], [errors], [faults])


def test_every_metric_is_declared_with_its_unit_and_by_service_and_version(app):
    with app.app_context():
        fields = metrics.embedded(200, 12.5)

    (directive,) = fields["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Lantern", [["Service", "Version"]])
    assert (fields["Service"], fields["Version"], fields["Latency"]) == ("orders", "1.2.3", [12.5])
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "Requests": "Count",
        "Errors": "Count",
        "Faults": "Count",
        "Latency": "Milliseconds",
    }


def test_a_requests_own_counters_add_up_and_end_with_it(app):
    with app.app_context():
        metrics.count("LanternsSold", 2)
        metrics.count("LanternsSold", 3)
        metrics.count("OrdersPlaced")
        counted = metrics.embedded(201, 1.0)
    with app.app_context():
        later = metrics.embedded(200, 1.0)

    assert (counted["LanternsSold"], counted["OrdersPlaced"]) == ([5], [1])
    assert "LanternsSold" not in later
