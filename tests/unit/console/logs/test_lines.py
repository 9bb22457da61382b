import json

import pytest

from console.logs.histogram import columns
from console.logs.lines import LineFilter, line_of, search_of

TRACE = "1-6b04694b-507de4e1086c07cb6ebd6d11"


def line(**fields):
    return line_of("/lantern/orders", {"timestamp": 1500, "message": json.dumps(fields), "eventId": "e"})


def test_a_line_has_its_service_time_message_and_trace():
    placed = line(
        service="orders", level="INFO", message="placed", trace_id=TRACE, segment_id="ab", order_id="o-1"
    )

    assert (placed.time_s, placed.service, placed.level, placed.message) == (1.5, "orders", "INFO", "placed")
    assert (placed.trace_id, placed.segment_id, placed.further_fields()) == (TRACE, "ab", {"order_id": "o-1"})


@pytest.mark.parametrize("text", ["Traceback (most", "{", "{" * 3000, "[1]", '{"a":' * 2000, ""])
def test_a_line_that_is_no_object_is_shown_as_it_is(text):
    plain = line_of("/lantern/orders", {"timestamp": 1, "message": text})

    assert (plain.message, plain.fields, plain.service) == (text, {}, "orders")


def test_a_level_means_that_level_and_worse():
    levels = ["DEBUG", "INFO", "WARNING", "ERROR", "odd"]

    assert [level for level in levels if LineFilter(level="WARNING").matches(line(level=level))] == [
        "WARNING",
        "ERROR",
    ]


def test_text_is_found_anywhere_and_a_trace_by_its_field():
    assert LineFilter(text="PLACED").matches(line(message="order placed"))
    assert not LineFilter(text="paid").matches(line(message="order placed"))
    assert LineFilter(trace_id=TRACE).matches(line(trace_id=TRACE))
    assert not LineFilter(trace_id=TRACE).matches(line(message=f"about {TRACE}"))


def test_a_text_is_looked_for_in_what_is_shown_and_its_field_is_named():
    failed = line(
        message="GET /products 500", path="/products", exception={"type": "KeyError", "stack": "a.py\nb.py"}
    )

    assert [match.field for match in LineFilter(text="products").in_fields(failed)] == ["message", "path"]
    (match,) = LineFilter(text="b.PY").in_fields(failed)
    assert (match.field, match.before, match.text, match.after) == ("exception.stack", "a.py\n", "b.py", "")


def test_a_text_that_stands_only_in_what_is_not_shown_is_no_match():
    measured = line(message="GET / 200", _aws={"CloudWatchMetrics": [{"Metrics": [{"Name": "Errors"}]}]})

    assert not LineFilter(text="Errors").matches(measured)


def test_of_a_long_value_the_surroundings_are_shown():
    (match,) = LineFilter(text="needle").in_fields(line(message="", note="a" * 500 + "needle" + "b" * 500))

    assert (match.before, match.after) == ("…" + "a" * 60, "b" * 60 + "…")


@pytest.mark.parametrize(("fields", "is_sampled"), [({}, True), ({"sampled": False}, False)])
def test_a_line_says_whether_its_trace_is_sampled(fields, is_sampled):
    assert line(trace_id=TRACE, **fields).is_sampled == is_sampled


def test_the_pattern_is_one_quoted_phrase():
    assert LineFilter(text='say "hi"\\').pattern() == '"say \\"hi\\"\\\\"'
    assert LineFilter(text="x", trace_id=TRACE).pattern() == f'"{TRACE}"'
    assert LineFilter().pattern() == ""


@pytest.mark.parametrize(
    ("search", "is_match"),
    [
        ("status=503", True),
        ("status=5xx", True),
        ("status=50", False),
        ("status=4xx", False),
        ("path=/api", True),
        ("path=/API/Orders order_id=ord-1", True),
        ("order_id=ord-2", False),
        ("type=KeyError", True),
        ("unknown=1", False),
        ("broken status=503", True),
        ("broken status=200", False),
        ('path="/api/orders"', True),
    ],
)
def test_lines_are_searched_by_field(search, is_match):
    text, fields = search_of(search)
    failed = line(
        message="POST /api/orders 503 broken",
        path="/api/orders",
        status=503,
        order_id="ord-1",
        exception={"type": "KeyError"},
    )

    assert LineFilter(text=text, fields=fields).matches(failed) is is_match


def test_a_searched_field_is_shown_as_a_hit_and_narrows_what_is_read():
    text, fields = search_of("status=503 path=/api/orders")
    searched = LineFilter(text=text, fields=fields)

    hits = searched.in_fields(line(message="POST", path="/api/orders", status=503))

    assert [(match.field, match.text) for match in hits] == [("status", "503"), ("path", "/api/orders")]
    assert searched.pattern() == '"/api/orders"'


def test_access_lines_of_static_files_can_be_left_out():
    style, page = line(message="GET", path="/static/a.css"), line(message="GET", path="/")

    assert [entry.is_static for entry in (style, page)] == [True, False]
    assert not LineFilter(has_static=False).matches(style)
    assert LineFilter(has_static=False).matches(page)


def test_lines_are_counted_by_time_and_level():
    lines = [line(level="INFO"), line(level="ERROR"), line(level="INFO")]

    [column] = columns(lines, 1.0, 61.0)

    assert (column.x, [(colour, count) for colour, _, _, count in column.parts]) == (
        0,
        [("fault", 1), ("ok", 2)],
    )
    assert round(sum(height for _, _, height, _ in column.parts)) == 100
