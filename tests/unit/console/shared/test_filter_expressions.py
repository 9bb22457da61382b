import pytest

from console.shared import filter_expressions


def test_a_quote_in_a_name_does_not_end_the_text():
    assert filter_expressions.node('a"b\\', "") == 'service("a\\"b\\\\")'


def test_two_expressions_hold_together_whatever_is_in_them():
    assert (
        filter_expressions.all_of("fault OR error", "responsetime > 1")
        == "(fault OR error) AND responsetime > 1"
    )
    assert filter_expressions.all_of("(a) OR (b)", "c") == "((a) OR (b)) AND c"
    assert filter_expressions.all_of('("or" = 1 OR b)', "c") == '("or" = 1 OR b) AND c'
    assert filter_expressions.all_of("", " fault ") == "fault"


@pytest.mark.parametrize(
    ("statuses", "least", "most", "expected"),
    [
        ([], None, None, ""),
        (["fault"], None, None, "fault"),
        (
            ["fault", "error"],
            20.0,
            30.5,
            "(fault OR error) AND responsetime >= 0.02 AND responsetime <= 0.0305",
        ),
        ([], None, 5.0, "responsetime <= 0.005"),
    ],
)
def test_ticks_and_brushed_range_become_one_expression(statuses, least, most, expected):
    assert filter_expressions.status_and_time(statuses, least, most) == expected


def test_an_edge_names_both_ends_and_what_must_hold_there():
    assert filter_expressions.edge(("shop", "client"), ("shop", ""), "fault") == (
        'edge(id(name: "shop", type: "client"), "shop") { fault }'
    )


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("Invalid filter expression at character 12: expected", 11),
        ("at character 99", 20),
        ("Invalid filter", None),
        ("at character 0", None),
    ],
)
def test_the_character_that_a_refusal_names_is_found(message, place):
    assert filter_expressions.wrong_at(message, 20) == place


@pytest.mark.parametrize(
    "expression",
    [
        filter_expressions.node('ord"ers', "", "fault AND responsetime >= 0.1"),
        filter_expressions.node("lantern-orders", "AWS::DynamoDB::Table"),
        filter_expressions.edge(("storefront", "client"), ("storefront", ""), "(ok OR fault)"),
        filter_expressions.all_of(
            "fault OR error", "annotation[version] = " + filter_expressions.quoted("1.0")
        ),
    ],
)
def test_x_ray_takes_what_is_written_here(expression):
    from local.xray.filters.parser import parse

    assert parse(expression)
