"""CloudWatch's rules, and the templates' own alarms on made-up traffic."""

import pytest

from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarms import AlarmError, Rule, decide, judge
from local.pipeline.cloudwatch.metric_math import MathError
from local.pipeline.cloudwatch.metrics import Metrics, UnknownMetric
from tests.unit.local.pipeline.samples import START, request, serve

NOW = START + 0.4  # the last period has settled
CLOCK = Clock(60)
GROUP = "targetgroup/lantern-orders-green/1"


@pytest.fixture(name="architecture", scope="module")
def _architecture():
    return read()


def points(text):
    """As in CloudWatch's own tables: 0 is good, X breaching, - missing."""
    return tuple({"0": 0.0, "X": 9.0, "-": None}[one] for one in text.split())


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
    """Slow requests, so many periods before now; between them nobody asked."""
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
        treatment: decide(
            points(datapoints),
            Rule(sign=">", threshold=5, count=3, needed=needed, missing=treatment),
            "before",
        ).value
        for treatment in treatments
    }

    assert states == treatments


def test_one_datapoint_that_has_just_come_is_too_few_for_an_alarm():
    rule = Rule(sign=">", threshold=5, count=3, needed=2, missing="missing")

    assert decide(points("- - - - X"), rule, "OK").value == "OK"


def test_only_the_last_periods_count_when_none_is_missing():
    rule = Rule(sign=">", threshold=5, count=3, needed=2, missing="notBreaching")

    assert decide(points("X X X 0 0"), rule, "ALARM").value == "OK"


@pytest.mark.parametrize(
    ("ages", "state"), [((0, 1), "ALARM"), ((0, 4), "ALARM"), ((0, 5), "OK"), ((0,), "OK"), ((), "OK")]
)
def test_a_gap_is_filled_by_an_older_datapoint_first(ages, state):
    assert judge(alarm(), slow(*ages), CLOCK, NOW).value == state


def test_a_period_that_runs_still_is_not_judged():
    metrics = slow(0, -1)

    assert judge(alarm(), metrics, CLOCK, NOW).value == "OK"
    assert judge(alarm(), metrics, CLOCK, NOW + 1).value == "ALARM"


def test_a_period_is_as_long_as_the_time_scale_makes_it():
    """Two slow requests 60 real seconds apart: two periods without hurry, long forgotten with it."""
    metrics = Metrics(Clock(1))
    for at in (START - 90, START - 30):
        metrics.add((GROUP,), request(at, response_s=2))

    assert judge(alarm(), metrics, Clock(1), NOW).value == "ALARM"
    assert judge(alarm(), metrics, Clock(60), NOW).value == "OK"


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
    wanted = alarm(ComparisonOperator=operator, Threshold=threshold)

    assert judge(wanted, slow(0, 1), CLOCK, NOW).value == state


def test_a_state_says_why():
    state = judge(alarm(), slow(0, 1), CLOCK, NOW)

    assert state.reason == "2 out of the last 3 datapoints > 1"
    assert state.datapoints == (None, None, None, 2.0, 2.0)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
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
def test_an_alarm_that_cannot_be_judged_is_named(changes, error, said):
    with pytest.raises(error, match=said):
        judge(alarm(**changes), slow(0), CLOCK, NOW)


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
    state = judge(queries("e1 + 1", "2 * requests"), slow(0), CLOCK, NOW)

    assert state.datapoints[-1] == 121


@pytest.mark.parametrize(
    ("expressions", "error", "said"),
    [
        (("e1", "e0"), AlarmError, "orders-are-many: expressions go in a circle: e0 → e1 → e0"),
        (("errors / requests",), MathError, "'errors / requests': no metric has the id errors"),
        (("MEAN(requests)",), MathError, "MEAN is not understood here"),
    ],
)
def test_wrong_metric_math_is_named(expressions, error, said):
    with pytest.raises(error, match=said):
        judge(queries(*expressions), slow(0), CLOCK, NOW)


def test_two_results_are_refused():
    wrong = queries("requests")
    wrong["Metrics"][-1]["ReturnData"] = True

    with pytest.raises(AlarmError, match="expected one metric with ReturnData, found 2"):
        judge(wrong, slow(0), CLOCK, NOW)


def states(architecture, metrics, now=NOW, last="OK"):
    """Every alarm that a deployment group of the templates watches."""
    names = [name for group in architecture.groups.values() for name in group.alarms]
    return {name: judge(architecture.alarms[name], metrics, CLOCK, now, last).value for name in names}


def names_in(found, state):
    return {name for name, value in found.items() if value == state}


@pytest.mark.parametrize("side", ["blue", "green"])
@pytest.mark.parametrize("service", ["catalog", "orders", "storefront"])
def test_failures_of_one_target_group_set_off_its_own_alarm_and_no_other(architecture, service, side):
    metrics = Metrics(CLOCK)
    for group in architecture.groups.values():
        for one in (group.blue, group.green):
            is_bad = one is getattr(architecture.groups[service], side)
            serve(metrics, one.full_name, periods=3, failed=2 if is_bad else 0)

    found = states(architecture, metrics)

    assert names_in(found, "ALARM") == {f"lantern-{service}-{side}-errors"}


def test_slowness_of_green_sets_off_its_latency_alarm(architecture):
    metrics = Metrics(CLOCK)
    group = architecture.groups["orders"]
    serve(metrics, group.blue.full_name, periods=3)
    serve(metrics, group.green.full_name, periods=3, response_s=1.8)

    assert names_in(states(architecture, metrics), "ALARM") == {"lantern-orders-green-latency"}


@pytest.mark.parametrize("asked", [0, 30])
def test_a_quiet_shop_and_a_healthy_one_are_ok(architecture, asked):
    metrics = Metrics(CLOCK)
    for one in architecture.target_groups():
        serve(metrics, one.full_name, periods=6, asked=asked)

    assert names_in(states(architecture, metrics), "OK") == set(states(architecture, metrics))


def test_one_bad_minute_sets_nothing_off(architecture):
    metrics = Metrics(CLOCK)
    green = architecture.groups["orders"].green.full_name
    serve(metrics, green, periods=2, before=START - 1)
    serve(metrics, green, periods=1, failed=10)

    assert names_in(states(architecture, metrics), "ALARM") == set()


def test_an_alarm_ends_when_its_target_group_has_had_no_traffic_for_a_while(architecture):
    metrics = Metrics(CLOCK)
    serve(metrics, architecture.groups["orders"].green.full_name, periods=3, failed=10)

    assert names_in(states(architecture, metrics), "ALARM")
    assert not names_in(states(architecture, metrics, NOW + 5, "ALARM"), "ALARM")


def test_every_other_alarm_of_the_templates_on_these_metrics_can_be_judged(architecture):
    """The operators' alarms too: their expressions name later ones, and arrays."""
    metrics = Metrics(CLOCK)
    for one in architecture.target_groups():
        serve(metrics, one.full_name, periods=12, failed=5, response_s=1.2)
    judged = {}
    for name, one in architecture.alarms.items():
        if name.endswith(("-failures", "-slowness")):
            judged[name] = judge(one, metrics, CLOCK, NOW).value

    assert len(judged) == 6
    assert set(judged.values()) == {"ALARM"}
