"""CloudWatch's rules, and the templates' own alarms on made-up traffic."""

import pytest

from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarms import AlarmError, AlarmRule, evaluate_alarm, state_of
from local.pipeline.cloudwatch.metric_math import MathError
from local.pipeline.cloudwatch.metrics import Metrics, UnknownMetric
from tests.unit.local.pipeline.requests_log import START, add_requests, request

NOW = START + 0.4  # the last period has settled
CLOCK = Clock(60)
GROUP = "targetgroup/lantern-orders-green/1"


@pytest.fixture(name="architecture", scope="module")
def _architecture():
    return read()


def points(text):
    """As in CloudWatch's own tables: 0 is good, X breaching, - missing."""
    return tuple({"0": 0.0, "X": 9.0, "-": None}[symbol] for symbol in text.split())


def alarm(**changes):
    return {
        "AlarmName": "orders-are-slow",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "TargetResponseTime",
        "Dimensions": [{"Name": "TargetGroup", "Value": GROUP}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    } | changes


def slow(*ages):
    """Metrics of one slow request in each of the periods that are so old."""
    metrics = Metrics(CLOCK)
    for age in sorted(ages, reverse=True):
        metrics.add((GROUP,), request(START - age - 0.5, response_s=2))
    return metrics


DOCUMENTED = [  # needed, datapoints, then the state with: missing, ignore, breaching, notBreaching
    (3, "0 - X - X", "OK", "OK", "OK", "OK"),
    (3, "- - - - 0", "OK", "OK", "OK", "OK"),
    (3, "- - - - -", "INSUFFICIENT_DATA", "before", "ALARM", "OK"),
    (3, "0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    (3, "- - X - -", "ALARM", "before", "ALARM", "OK"),
    (2, "0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    (2, "0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    (2, "0 - X - -", "OK", "OK", "ALARM", "OK"),
    (2, "- - - - 0", "OK", "OK", "ALARM", "OK"),
    (2, "- - - X -", "ALARM", "before", "ALARM", "OK"),
]


@pytest.mark.parametrize(
    ("needed", "datapoints", "missing", "ignore", "breaching", "not_breaching"), DOCUMENTED
)
def test_missing_data_is_treated_as_in_cloudwatchs_own_tables(
    needed, datapoints, missing, ignore, breaching, not_breaching
):
    """The four tables of the page on alarms and missing data, for three evaluation periods."""
    treatments = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}

    states = {
        treatment: state_of(
            points(datapoints),
            AlarmRule(sign=">", threshold=5, periods=3, datapoints_to_alarm=needed, missing=treatment),
            "before",
        ).value
        for treatment in treatments
    }

    assert states == treatments


def test_one_datapoint_that_has_just_come_is_too_few_for_an_alarm():
    rule = AlarmRule(sign=">", threshold=5, periods=3, datapoints_to_alarm=2, missing="missing")

    assert state_of(points("- - - - X"), rule, "OK").value == "OK"


def test_only_the_last_periods_count_when_none_is_missing():
    rule = AlarmRule(sign=">", threshold=5, periods=3, datapoints_to_alarm=2, missing="notBreaching")

    assert state_of(points("X X X 0 0"), rule, "ALARM").value == "OK"


@pytest.mark.parametrize(
    ("ages", "state"), [((0, 1), "ALARM"), ((0, 4), "ALARM"), ((0, 5), "OK"), ((0,), "OK"), ((), "OK")]
)
def test_a_gap_is_filled_by_an_older_datapoint_first(ages, state):
    assert evaluate_alarm(alarm(), slow(*ages), CLOCK, NOW).value == state


def test_a_period_that_has_not_ended_is_not_evaluated():
    metrics = slow(0, -1)

    assert evaluate_alarm(alarm(), metrics, CLOCK, NOW).value == "OK"
    assert evaluate_alarm(alarm(), metrics, CLOCK, NOW + 1).value == "ALARM"


def test_a_period_is_as_long_as_the_time_scale_makes_it():
    """Two slow requests 60 real seconds apart: in two periods at a scale of 1, long ago at a scale of 60."""
    metrics = Metrics(Clock(1))
    for at in (START - 90, START - 30):
        metrics.add((GROUP,), request(at, response_s=2))

    assert evaluate_alarm(alarm(), metrics, Clock(1), NOW).value == "ALARM"
    assert evaluate_alarm(alarm(), metrics, Clock(60), NOW).value == "OK"


@pytest.mark.parametrize(
    ("operator", "threshold", "state"),
    [
        ("GreaterThanThreshold", 2, "OK"),
        ("GreaterThanOrEqualToThreshold", 2, "ALARM"),
        ("LessThanThreshold", 2, "OK"),
        ("LessThanOrEqualToThreshold", 2, "ALARM"),
    ],
)
def test_the_comparison_is_the_alarms_own(operator, threshold, state):
    compared = alarm(ComparisonOperator=operator, Threshold=threshold)

    assert evaluate_alarm(compared, slow(0, 1), CLOCK, NOW).value == state


def test_a_state_has_a_reason_and_its_datapoints():
    state = evaluate_alarm(alarm(), slow(0, 1), CLOCK, NOW)

    assert state.reason == "2 out of the last 3 datapoints > 1"
    assert state.datapoints == (None, None, None, 2.0, 2.0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"ComparisonOperator": "GreaterThanUpperThreshold"},
            AlarmError,
            "orders-are-slow: ComparisonOperator GreaterThanUpperThreshold is not understood",
        ),
        (
            {"TreatMissingData": "panic"},
            AlarmError,
            "orders-are-slow: TreatMissingData 'panic', expected one",
        ),
        ({"MetricName": "HealthyHostCount"}, UnknownMetric, "HealthyHostCount: expected one of"),
        ({"Namespace": "AWS/ECS"}, UnknownMetric, "AWS/ECS TargetResponseTime: only AWS/ApplicationELB"),
        ({"Dimensions": []}, UnknownMetric, "found none"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_named(changes, error, message):
    with pytest.raises(error, match=message):
        evaluate_alarm(alarm(**changes), slow(0), CLOCK, NOW)


def queries(*expressions):
    """An alarm on metric math over the requests; the last expression is the one that counts."""
    stat = {
        "Metric": {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": "RequestCount",
            "Dimensions": [{"Name": "TargetGroup", "Value": GROUP}],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    return {
        "AlarmName": "orders-are-many",
        "EvaluationPeriods": 1,
        "Threshold": 100,
        "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [
            *(
                {"Id": f"e{number}", "Expression": text, "ReturnData": number == 0}
                for number, text in enumerate(expressions)
            ),
            {"Id": "requests", "MetricStat": stat, "ReturnData": False},
        ],
    }


def test_an_expression_may_name_one_that_comes_after_it():
    state = evaluate_alarm(queries("e1 + 1", "2 * requests"), slow(0), CLOCK, NOW)

    assert state.datapoints[-1] == 121


@pytest.mark.parametrize(
    ("expressions", "error", "message"),
    [
        (("e1", "e0"), AlarmError, "orders-are-many: expressions go in a circle: e0 → e1 → e0"),
        (("errors / requests",), MathError, "'errors / requests': no metric has the id errors"),
        (("MEAN(requests)",), MathError, "MEAN is not understood here"),
    ],
)
def test_wrong_metric_math_is_named(expressions, error, message):
    with pytest.raises(error, match=message):
        evaluate_alarm(queries(*expressions), slow(0), CLOCK, NOW)


def test_an_alarm_on_two_values_is_refused():
    ambiguous = queries("requests")
    ambiguous["Metrics"][-1]["ReturnData"] = True

    with pytest.raises(AlarmError, match="expected one metric with ReturnData, found 2"):
        evaluate_alarm(ambiguous, slow(0), CLOCK, NOW)


def states(architecture, metrics, now=NOW, previous="OK"):
    """Every alarm that a deployment group of the templates watches."""
    names = [name for group in architecture.groups.values() for name in group.alarms]
    return {
        name: evaluate_alarm(architecture.alarms[name], metrics, CLOCK, now, previous).value for name in names
    }


def names_in(states_by_name, state):
    return {name for name, value in states_by_name.items() if value == state}


@pytest.mark.parametrize("side", ["blue", "green"])
@pytest.mark.parametrize("service", ["catalog", "orders", "storefront"])
def test_failures_of_one_target_group_set_off_its_own_alarm_and_no_other(architecture, service, side):
    metrics = Metrics(CLOCK)
    for group in architecture.groups.values():
        for target_group in (group.blue, group.green):
            is_bad = target_group is getattr(architecture.groups[service], side)
            add_requests(metrics, target_group.full_name, periods=3, failed=2 if is_bad else 0)

    assert names_in(states(architecture, metrics), "ALARM") == {f"lantern-{service}-{side}-errors"}


def test_slowness_of_green_sets_off_its_latency_alarm(architecture):
    metrics = Metrics(CLOCK)
    group = architecture.groups["orders"]
    add_requests(metrics, group.blue.full_name, periods=3)
    add_requests(metrics, group.green.full_name, periods=3, response_s=1.8)

    assert names_in(states(architecture, metrics), "ALARM") == {"lantern-orders-green-latency"}


@pytest.mark.parametrize("requests", [0, 30])
def test_without_requests_and_with_good_ones_every_alarm_is_ok(architecture, requests):
    metrics = Metrics(CLOCK)
    for target_group in architecture.target_groups():
        add_requests(metrics, target_group.full_name, periods=6, requests=requests)

    assert names_in(states(architecture, metrics), "OK") == set(states(architecture, metrics))


def test_one_bad_minute_sets_no_alarm_off(architecture):
    metrics = Metrics(CLOCK)
    green = architecture.groups["orders"].green.full_name
    add_requests(metrics, green, periods=2, before=START - 1)
    add_requests(metrics, green, periods=1, failed=10)

    assert names_in(states(architecture, metrics), "ALARM") == set()


def test_an_alarm_ends_when_its_target_group_has_had_no_traffic_for_a_while(architecture):
    metrics = Metrics(CLOCK)
    add_requests(metrics, architecture.groups["orders"].green.full_name, periods=3, failed=10)

    assert names_in(states(architecture, metrics), "ALARM")
    assert not names_in(states(architecture, metrics, NOW + 5, "ALARM"), "ALARM")


def test_the_operators_alarms_of_the_templates_can_be_evaluated_too(architecture):
    """Their expressions name later ones, and arrays."""
    metrics = Metrics(CLOCK)
    for target_group in architecture.target_groups():
        add_requests(metrics, target_group.full_name, periods=12, failed=5, response_s=1.2)

    values = {
        name: evaluate_alarm(alarm, metrics, CLOCK, NOW).value
        for name, alarm in architecture.alarms.items()
        if name.endswith(("-failures", "-slowness"))
    }

    assert len(values) == 6
    assert set(values.values()) == {"ALARM"}
