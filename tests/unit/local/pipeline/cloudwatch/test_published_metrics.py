import boto3
import pytest
from botocore.stub import Stubber

from local.pipeline.architecture import full_name
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.metrics import NAMESPACE, Metrics
from local.pipeline.cloudwatch.published_metrics import MOST_VALUES, metric_data
from tests.unit.local.pipeline.requests_log import START, add_requests


@pytest.fixture(name="metrics")
def _metrics():
    return Metrics(Clock(60))


def published(architecture, metrics, name):
    """The data of orders' blue target group by this name, of the last five seconds."""
    group = architecture.groups["orders"].blue.full_name
    return [
        datum
        for datum in metric_data(architecture, metrics, START - 5, START)
        if datum["MetricName"] == name and {"Name": "TargetGroup", "Value": group} in datum["Dimensions"]
    ]


def test_counts_are_published_as_measured_without_the_time_scale(architecture, metrics):
    add_requests(metrics, architecture.groups["orders"].blue.full_name, periods=5, requests=10, failed=1)

    assert [datum["Value"] for datum in published(architecture, metrics, "RequestCount")] == [50]
    assert [datum["Value"] for datum in published(architecture, metrics, "HTTPCode_Target_5XX_Count")] == [5]


def test_every_response_time_is_published_however_many_there_are(architecture, metrics):
    add_requests(metrics, architecture.groups["orders"].blue.full_name, periods=5, requests=100)

    times = published(architecture, metrics, "TargetResponseTime")

    assert sum(len(datum["Values"]) for datum in times) == 500
    assert max(len(datum["Values"]) for datum in times) <= MOST_VALUES
    assert {datum["Unit"] for datum in times} == {"Seconds"}


def test_what_was_not_measured_is_not_published(architecture, metrics):
    assert metric_data(architecture, metrics, START - 5, START) == []


def test_cloudwatch_takes_what_is_published(architecture, metrics):
    balancer = full_name("app", architecture.groups["orders"].production.balancer)
    for name in (architecture.groups["orders"].blue.full_name, balancer):
        add_requests(metrics, name, periods=5, requests=40, failed=2)
    client = boto3.client(
        "cloudwatch", region_name="us-east-1", aws_access_key_id="laptop", aws_secret_access_key="laptop"
    )
    published_data = metric_data(architecture, metrics, START - 5, START)

    with Stubber(client) as stubber:  # it holds the request against the service's own model
        stubber.add_response("put_metric_data", {}, {"Namespace": NAMESPACE, "MetricData": published_data})
        client.put_metric_data(Namespace=NAMESPACE, MetricData=published_data)

    assert {"LoadBalancer"} in [
        {dimension["Name"] for dimension in datum["Dimensions"]} for datum in published_data
    ]
