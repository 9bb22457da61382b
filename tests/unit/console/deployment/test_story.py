"""The line that tells a deployment, and the alarms in it."""

import json

from console.deployment.alarms import Alarm, alarm_of, limit_of
from console.deployment.load_balancer import FAILED, P95
from console.deployment.story import story_of, strips_of
from console.deployment.traffic_weights import weights_of
from console.shared.chart import Chart, Line
from tests.unit.console.deployment.test_traffic_weights import CANARY, NOW, deployment

LATENCY = {
    "AlarmName": "lantern-orders-green-latency",
    "MetricName": "TargetResponseTime",
    "Dimensions": [{"Name": "TargetGroup", "Value": "targetgroup/lantern-orders-green/12"}],
    "Threshold": 1.5,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
}
ERRORS = {
    "AlarmName": "lantern-orders-green-errors",
    "Metrics": [
        {"Id": "share", "Expression": "100 * errors / requests"},
        *(
            {
                "Id": name,
                "MetricStat": {"Metric": {"MetricName": metric, "Dimensions": LATENCY["Dimensions"]}},
            }
            for name, metric in (("errors", "HTTPCode_Target_5XX_Count"), ("requests", "RequestCount"))
        ),
    ],
    "Threshold": 5.0,
    "EvaluationPeriods": 3,
}


def charts():
    """p95 and failures of both sides, a point every five seconds."""
    slow = [(float(at), value) for at, value in ((500, 200.0), (700, 1559.0))]
    return [
        Chart(
            P95,
            "ms",
            [Line("green", "g", slow, value=1559.0), Line("blue", "b", slow[:1], value=200.0)],
            0,
            NOW,
        ),
        Chart(FAILED, "%", [Line("green", "g", slow[:1], value=0.0)], 0, NOW),
    ]


def alarm(*changes):
    return alarm_of(LATENCY, changes)


def test_an_alarm_has_its_limit_in_the_units_of_the_charts_and_the_spans_in_which_it_rang():
    rang = alarm((700.0, "ALARM"), (800.0, "OK"), (850.0, "ALARM"))

    assert (rang.kind, rang.target_group, rang.limit, rang.datapoints) == (
        "latency",
        "lantern-orders-green",
        1500,
        "2 of 3",
    )
    assert rang.rang == ((700.0, 800.0), (850.0, None))
    assert rang.began_s == 700.0
    errors = alarm_of(ERRORS, ())
    assert (errors.kind, errors.limit, errors.datapoints, errors.began_s) == ("failures", 5, "3 of 3", None)
    assert limit_of([rang, errors], "latency", "another") == 1500
    assert limit_of([rang], "failures") is None


def test_a_canary_that_was_rolled_back_is_told_in_one_line():
    stopped = deployment("Stopped", 902.0, ("Failed", 700.0, 902.0))

    parts = story_of(
        stopped, weights_of(stopped, CANARY, NOW), charts(), [alarm((900.0, "ALARM"))], "lantern-orders-green"
    )

    assert parts == [
        "10 % for 3 min 22 s",
        "new p95 1,559 ms, limit 1,500",
        "alarm lantern-orders-green-latency (2 of 3 periods)",
        "rolled back 2.0 s after the alarm",
    ]


def test_the_line_of_a_good_deployment_says_when_it_was_live_and_that_of_a_blocked_one_that_nobody_had_it():
    good, blocked = deployment(shift=("Succeeded", 700.0, 900.0)), deployment("Failed", 300.0)

    assert story_of(good, weights_of(good, CANARY, NOW), [], [], "")[-1] == "live for all after 13 min 20 s"
    assert story_of(blocked, weights_of(blocked, CANARY, NOW), [], [], "") == ["ended before a user had it"]
    assert story_of(deployment(rolls_back="d-X"), weights_of(good, CANARY, NOW), [], [], "") == []


def test_p95_and_failures_are_drawn_on_the_axis_of_the_lifecycle_with_their_limits():
    latency, failures = strips_of(charts(), [alarm()], "lantern-orders-green", (500.0, 900.0), (600, 80))

    assert latency.paths["green"].startswith("M0.0 ")
    assert "L300.0 " in latency.paths["green"]
    assert (latency.limit, failures.limit) == (1500, None)
    assert 0 < latency.limit_y < 80
    assert json.dumps(latency.dots["blue"]).count("h0") == 1
    assert isinstance(alarm(), Alarm)
