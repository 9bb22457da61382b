"""Figures as CloudWatch takes them."""

import boto3
import pytest
from botocore.stub import Stubber

from dora.aws_lambda import cloudwatch_metrics
from dora.metrics import report
from dora.windows import Window
from infra import shop
from tests.unit.dora import histories
from tests.unit.dora.histories import at

WEEK = Window(at("1 00:00"), at("8 00:00"))


def points(*records):
    made = report(histories._history(records, {}), WEEK, WEEK.end)
    return list(cloudwatch_metrics.metric_data(made))


def values(service, data):
    return {
        point["MetricName"]: point["Value"]
        for point in data
        if {"Name": "Service", "Value": service} in point["Dimensions"]
    }


HISTORY = (
    histories.good("d-1", "1 10:00", "1 10:05", "1 10:10"),
    histories.bad("d-2", "2 10:00", "2 10:05", "2 10:15", restored_at=at("2 10:15")),
    histories.good("d-3", "3 10:00", "3 10:05", "3 10:10", commits=(histories.commit("c" * 40, "3 09:10"),)),
    histories.good("d-9", "3 10:00", "3 10:05", "3 10:10", service="catalog"),
)


def test_figures_have_their_units_and_rates_are_percent():
    metrics = values("orders", points(*HISTORY))

    assert metrics["ChangeLeadTime"] == 3600
    assert metrics["DeploymentFrequency"] == pytest.approx(3 / 7)
    assert metrics["ChangeFailRate"] == pytest.approx(100 / 3)
    assert metrics["RecoveryTime"] == 600
    assert metrics["ReworkRate"] == 0


def test_what_has_no_value_has_no_point_but_its_n_is_zero():
    metrics = values("catalog", points(*HISTORY))

    assert not {"ChangeLeadTime", "RecoveryTime"} & set(metrics)
    assert (metrics["CommitsMeasured"], metrics["Recoveries"], metrics["Deployments"]) == (0, 0, 1)


def test_every_point_names_service_and_window_and_is_at_the_reports_time():
    for point in points(*HISTORY):
        assert [dimension["Name"] for dimension in point["Dimensions"]] == ["Service", "Window"]
        assert point["Dimensions"][1]["Value"] == "7d"
        assert point["Timestamp"].timestamp() == WEEK.end


def test_cloudwatch_takes_the_request():
    client = boto3.client(
        "cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        stub.add_response("put_metric_data", {})

        sent = cloudwatch_metrics.publish(client, [*points(*HISTORY), cloudwatch_metrics.computed(WEEK.end)])

        stub.assert_no_pending_responses()
    assert sent == 5 + 3 + 3 + 3 + 1


def test_the_templates_use_the_names_that_are_sent():
    """The dashboard, the alarms and the bill stand in another package, which can't import this one."""
    assert shop.DORA_NAMESPACE == cloudwatch_metrics.NAMESPACE
    assert [name for name, *_ in shop.DORA_METRICS] == [
        name for name, _ in cloudwatch_metrics.FIGURES.values()
    ]
    assert list(shop.DORA_COUNTS) == list(cloudwatch_metrics.COUNTS.values())
    assert shop.DORA_COMPUTED == cloudwatch_metrics.COMPUTED
    assert [f"{days}d" for days in shop.DORA_WINDOWS_DAYS] == [
        cloudwatch_metrics.window_name(days) for days in shop.DORA_WINDOWS_DAYS
    ]
