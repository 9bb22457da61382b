import pytest

from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.metrics import KEPT_S, Metrics, UnknownMetric
from tests.unit.local.pipeline.requests_log import START, request

GREEN, BLUE = "targetgroup/lantern-orders-green/1", "targetgroup/lantern-orders-blue/2"


def value_of(metrics, name, statistic, group=GREEN, begin=START - 1, end=START + 1):
    dimensions = {"LoadBalancer": "app/one/1", "TargetGroup": group}
    return metrics.statistic(name, dimensions, statistic, begin, end)


def measured(*requests, scale=1.0):
    metrics = Metrics(Clock(scale))
    for entry in requests:
        metrics.add((GREEN,), entry)
    return metrics


def test_statuses_are_counted_by_their_class():
    metrics = measured(*(request(status=status) for status in (200, 201, 304, 404, 500, 503)))

    counted = {
        kind: value_of(metrics, f"HTTPCode_Target_{kind}_Count", "Sum")
        for kind in ("2XX", "3XX", "4XX", "5XX")
    }

    assert counted == {"2XX": 2, "3XX": 1, "4XX": 1, "5XX": 2}


def test_an_answer_of_the_load_balancers_is_no_status_of_the_targets():
    metrics = measured(request(status=503, answered=False))

    assert value_of(metrics, "HTTPCode_Target_5XX_Count", "Sum") is None
    assert value_of(metrics, "TargetResponseTime", "p95") is None
    assert value_of(metrics, "RequestCount", "Sum") == 1


def test_a_request_for_which_no_target_could_be_chosen_is_not_counted():
    """AWS: "only incremented for requests where the load balancer node was able to choose a target"."""
    metrics = measured(request(status=503, answered=False, target="-"))

    assert value_of(metrics, "RequestCount", "Sum") is None


def test_a_request_counts_for_its_own_target_group_only():
    metrics = measured(request(status=500))

    assert value_of(metrics, "HTTPCode_Target_5XX_Count", "Sum", BLUE) is None


def test_a_request_counts_in_the_period_in_which_it_ended():
    metrics = measured(request(START + 1))

    assert value_of(metrics, "RequestCount", "Sum", end=START + 1) is None
    assert value_of(metrics, "RequestCount", "Sum", begin=START + 1, end=START + 2) == 1


def test_a_sum_is_multiplied_by_the_time_scale():
    metrics = measured(request(), request(), scale=60)

    assert value_of(metrics, "RequestCount", "Sum") == 120
    assert value_of(metrics, "TargetResponseTime", "SampleCount") == 120
    assert value_of(metrics, "TargetResponseTime", "Average") == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("Minimum", 1),
        ("Maximum", 100),
        ("Average", 50.5),
        ("p50", 50),
        ("p95", 95),
        ("p99.9", 100),
        ("p100", 100),
    ],
)
def test_response_times_have_every_usual_statistic(statistic, value):
    metrics = measured(*(request(response_s=float(number)) for number in range(1, 101)))

    assert value_of(metrics, "TargetResponseTime", statistic) == value


@pytest.mark.parametrize("statistic", ["tm99", "p", "pfast", "p101", "p-1", ""])
def test_an_unknown_statistic_is_named(statistic):
    with pytest.raises(UnknownMetric, match=f"statistic '{statistic}'"):
        value_of(measured(request()), "TargetResponseTime", statistic)


def test_an_unknown_metric_is_named():
    with pytest.raises(UnknownMetric, match="HealthyHostCount: expected one of RequestCount"):
        value_of(measured(), "HealthyHostCount", "Minimum")


@pytest.mark.parametrize(
    "dimensions",
    [{}, {"AvailabilityZone": "us-east-1a"}, {"TargetGroup": GREEN, "AvailabilityZone": "us-east-1a"}],
)
def test_a_metric_of_other_dimensions_is_refused(dimensions):
    with pytest.raises(UnknownMetric, match="expected the dimensions LoadBalancer and TargetGroup, or one"):
        measured().statistic("RequestCount", dimensions, "Sum", 0, 1)


def test_old_requests_are_forgotten():
    metrics = measured(request(), request(START + KEPT_S + 1))

    assert len(metrics.samples(GREEN, 0, START + 2 * KEPT_S)) == 1


def test_answers_of_the_load_balancer_count_for_the_load_balancer():
    metrics = Metrics(Clock(1))
    metrics.add((BLUE, "app/public/1"), request(status=503, answered=False, target="-"))
    metrics.add((GREEN, "app/public/1"), request(status=502, answered=False))
    metrics.add((GREEN, "app/public/1"), request(status=500))

    counted = metrics.statistic(
        "HTTPCode_ELB_5XX_Count", {"LoadBalancer": "app/public/1"}, "Sum", START, START + 60
    )

    assert counted == 2


def test_answers_of_the_load_balancer_are_no_metric_of_a_target_group():
    with pytest.raises(UnknownMetric, match="HTTPCode_ELB_5XX_Count: expected one of RequestCount"):
        measured().statistic("HTTPCode_ELB_5XX_Count", {"TargetGroup": GREEN}, "Sum", 0, 1)
