import boto3
import pytest
from botocore.stub import Stubber

from local.pipeline.architecture import full_name
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.metrics import NAMESPACE, Metrics
from local.pipeline.cloudwatch.published_metrics import MOST_VALUES, datapoints
from tests.unit.local.pipeline.samples import START, serve


@pytest.fixture(name="metrics")
def _metrics():
    return Metrics(Clock(60))


def published(architecture, metrics, name):
    """The data of orders' blue target group by this name, of the last five seconds."""
    group = architecture.groups["orders"].blue.full_name
    found = datapoints(architecture, metrics, START - 5, START)
    return [
        one
        for one in found
        if one["MetricName"] == name and {"Name": "TargetGroup", "Value": group} in one["Dimensions"]
    ]


def test_counts_are_published_as_they_were_a_hurry_left_out(architecture, metrics):
    serve(metrics, architecture.groups["orders"].blue.full_name, periods=5, asked=10, failed=1)

    assert [one["Value"] for one in published(architecture, metrics, "RequestCount")] == [50]
    assert [one["Value"] for one in published(architecture, metrics, "HTTPCode_Target_5XX_Count")] == [5]


def test_every_response_time_is_published_however_many_there_are(architecture, metrics):
    serve(metrics, architecture.groups["orders"].blue.full_name, periods=5, asked=100)

    times = published(architecture, metrics, "TargetResponseTime")

    assert sum(len(one["Values"]) for one in times) == 500
    assert max(len(one["Values"]) for one in times) <= MOST_VALUES
    assert {one["Unit"] for one in times} == {"Seconds"}


def test_what_was_not_measured_is_not_published(architecture, metrics):
    assert datapoints(architecture, metrics, START - 5, START) == []


def test_cloudwatch_takes_what_is_published(architecture, metrics):
    balancer = full_name("app", architecture.groups["orders"].production.balancer)
    for name in (architecture.groups["orders"].blue.full_name, balancer):
        serve(metrics, name, periods=5, asked=40, failed=2)
    client = boto3.client(
        "cloudwatch", region_name="us-east-1", aws_access_key_id="laptop", aws_secret_access_key="laptop"
    )
    data = datapoints(architecture, metrics, START - 5, START)

    with Stubber(client) as stubber:  # it holds the request against the service's own model
        stubber.add_response("put_metric_data", {}, {"Namespace": NAMESPACE, "MetricData": data})
        client.put_metric_data(Namespace=NAMESPACE, MetricData=data)

    assert {"LoadBalancer"} in [{one["Name"] for one in datum["Dimensions"]} for datum in data]
