import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pipeline.cloudwatch.metric_math import MathError, evaluate, metric_ids

RATE = "IF(requests >= 5, 100 * FILL(errors, 0) / requests, 0)"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("16 / 4 / 2", 2),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("2 * -3", -6),
        ("2 ^ -1", 0.5),
        ("1 + 1 > 1 AND 2 > 3 OR 1", 1),
        ("0 OR 1 AND 0", 0),
        ("1 || 0 && 0", 1),
        ("3 >= 3", 1),
        ("3 != 3", 0),
        ("requests == 8", 1),
        ("1e2", 100),
        ("ABS(-3)", 3),
        ("IF(requests > 5, 1, 2)", 1),
        ("IF(requests > 50, 1, IF(requests > 5, 2, 3))", 2),
        ("ORDERS + ANDROID", 3),
    ],
)
def test_an_expression_has_the_value_of_its_usual_order_of_operations(expression, value):
    assert evaluate(expression, {"requests": 8.0, "ORDERS": 1.0, "ANDROID": 2.0}) == value


@pytest.mark.parametrize(
    ("requests", "errors", "rate"),
    [(10.0, 1.0, 10), (10.0, None, 0), (4.0, 4.0, 0), (None, None, None), (None, 3.0, None)],
)
def test_an_error_rate_counts_once_there_are_enough_requests(requests, errors, rate):
    assert evaluate(RATE, {"requests": requests, "errors": errors}) == rate


@pytest.mark.parametrize(
    "expression", ["1 / zero", "zero ^ -1", "(-8) ^ 0.5", "10 ^ 400", "gap + 1", "gap > 1"]
)
def test_an_expression_without_a_value_is_a_missing_datapoint(expression):
    assert evaluate(expression, {"zero": 0.0, "gap": None}) is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("MAX([a, b, gap])", 5),
        ("MIN([a, b, gap])", 2),
        ("SUM([a, b, gap])", 7),
        ("AVG([a, b, gap])", 3.5),
        ("MAX([FILL(gap, 0), FILL(gap, 0)])", 0),
        ("MAX([gap])", None),
    ],
)
def test_a_function_of_an_array_leaves_missing_values_out(expression, value):
    assert evaluate(expression, {"a": 2.0, "b": 5.0, "gap": None}) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("answers + 1", "no metric has the id answers"),
        ("RATE(requests)", "RATE is not understood here; IF, FILL, ABS, MIN, MAX, SUM, AVG are"),
        ("IF(requests, 1)", "IF takes 3 values, found 2"),
        ("FILL()", "FILL takes 2 values, found 0"),
        ("MAX(requests)", "MAX takes an array here"),
        ("MAX(requests, 2)", "MAX takes an array here"),
        ("ABS([requests])", "ABS takes no array here"),
        ("requests +", "Unexpected token"),
        ("requests % 2", "No terminal matches '%'"),
        ("", "Unexpected token"),
        ("(requests", "Unexpected token"),
    ],
)
def test_a_wrong_expression_is_refused_naming_itself(expression, message):
    with pytest.raises(MathError) as error:
        evaluate(expression, {"requests": 1.0})

    assert str(error.value).startswith(f"{expression!r}: ")
    assert message in str(error.value)


def test_the_metrics_that_an_expression_refers_to_are_found():
    assert metric_ids("IF(a > 0, MAX([b, FILL(c, 0)]), 1)") == {"a", "b", "c"}


@given(st.text(alphabet="ab01.+-*/^()[],<>=!&|%IFMAXOR ", max_size=30))
def test_any_text_has_a_value_or_is_refused(expression):
    try:
        value = evaluate(expression, {"a": 0.0, "b": None})
    except MathError:
        value = None

    assert value is None or isinstance(value, float)
