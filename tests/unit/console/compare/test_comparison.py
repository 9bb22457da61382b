from console.compare.comparison import compare
from tests.unit.console.trace.test_waterfall import part, put_together


def test_calls_at_the_same_place_are_one_line_and_others_are_missing_on_one_side():
    left = put_together(part("shop", 0, 5, part("get", 1, 2), part("get2", 3, 4)))
    right = put_together(part("shop", 10, 19, part("get", 11, 14), part("retry", 15, 16)))

    lines = compare(left, right)

    assert [(line.name, bool(line.left), bool(line.right)) for line in lines] == [
        ("shop", True, True),
        ("get", True, True),
        ("retry", False, True),
        ("get2", True, False),
    ]
    assert [line.difference_s for line in lines] == [4, 2, None, None]


def test_siblings_of_one_name_are_paired_in_order():
    left = put_together(
        part("shop", 0, 5, {**part("get", 1, 2), "id": "1" * 16}, {**part("get", 3, 4), "id": "2" * 16})
    )
    right = put_together(part("shop", 0, 5, {**part("get", 1, 1.5), "id": "3" * 16}))

    lines = compare(left, right)

    assert [(line.name, line.difference_s) for line in lines] == [("shop", 0), ("get", -0.5), ("get", None)]
