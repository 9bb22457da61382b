"""A trace out of its documents; times in seconds after START, worked out by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.trace.waterfall import assemble, exceptions_of

START = 1_700_000_000.0
TRACE = "1-6b04694b-507de4e1086c07cb6ebd6d11"


def part(name, start, end, *subsegments, **fields):
    """A segment or subsegment; `id` is made of its name, so that a test can speak of it."""
    document = {"id": name.encode().hex()[:16].ljust(16, "0"), "name": name, "start_time": START + start}
    if end is not None:
        document["end_time"] = START + end
    return {**document, **({"subsegments": list(subsegments)} if subsegments else {}), **fields}


def put_together(*documents):
    return assemble(TRACE, [json.dumps(document) for document in documents])


def rows(trace):
    return {row.name: row for row in trace.rows}


def critical(row):
    return [(round(start - START, 3), round(end - START, 3)) for start, end in row.critical]


def test_rows_follow_their_callers_by_start_across_documents():
    call = part("call", 1, 5, namespace="remote")
    callee = part("callee", 2, 4, parent_id=call["id"])

    trace = put_together(callee, part("shop", 0, 6, part("late", 5.5, 6), call))

    assert [(row.name, row.depth, row.service) for row in trace.rows] == [
        ("shop", 0, "shop"),
        ("→ callee", 1, "shop"),
        ("callee", 2, "callee"),
        ("late", 1, "shop"),
    ]
    assert (trace.start_s, trace.end_s, trace.duration_s) == (START, START + 6, 6)


def test_self_time_is_what_no_child_covers_and_overlapping_children_count_once():
    trace = put_together(part("shop", 0, 10, part("a", 1, 4), part("b", 3, 6), part("c", 9, 12)))

    assert rows(trace)["shop"].self_s == pytest.approx(1 + 3)  # 0-1 and 6-9; c ends after its parent
    assert rows(trace)["a"].self_s == 3


def test_the_critical_path_is_what_the_end_waited_for():
    # b ran beside c and ended before it: nobody waited for b
    trace = put_together(part("shop", 0, 10, part("a", 1, 4), part("b", 5, 7), part("c", 4.5, 9)))

    by_name = rows(trace)
    assert critical(by_name["shop"]) == [(9, 10), (4, 4.5), (0, 1)]
    assert critical(by_name["a"]) == [(1, 4)]
    assert critical(by_name["c"]) == [(4.5, 9)]
    assert critical(by_name["b"]) == []


def test_the_critical_path_goes_through_the_called_service():
    call = part("call", 1, 9)
    trace = put_together(part("shop", 0, 10, call), part("orders", 3, 8, parent_id=call["id"]))

    by_name = rows(trace)
    assert critical(by_name["call"]) == [(8, 9), (1, 3)]
    assert critical(by_name["orders"]) == [(3, 8)]
    assert sum(row.critical_s for row in trace.rows) == pytest.approx(10)


def test_a_row_in_progress_has_no_duration_and_counts_with_its_start():
    trace = put_together(part("shop", 0, None, part("done", 1, 2), in_progress=True))

    assert rows(trace)["shop"].duration_s is None
    assert rows(trace)["shop"].self_s is None
    assert trace.duration_s == 2


def test_a_segment_that_x_ray_inferred_is_left_out():
    call = part("call", 1, 2)

    trace = put_together(part("shop", 0, 3, call), part("table", 1, 2, parent_id=call["id"], inferred=True))

    assert [row.name for row in trace.rows] == ["shop", "call"]


def test_a_subsegment_that_was_sent_by_itself_has_its_callers_service():
    shop = part("shop", 0, 3)

    trace = put_together(part("later", 1, 2, type="subsegment", parent_id=shop["id"]), shop)

    assert [(row.name, row.service, row.is_segment) for row in trace.rows] == [
        ("shop", "shop", True),
        ("later", "shop", False),
    ]


def test_documents_that_call_each_other_are_all_shown_once():
    a, b = part("a", 0, 2), part("b", 1, 3)
    a["parent_id"], b["parent_id"] = b["id"], a["id"]

    trace = put_together(a, b)

    assert sorted(row.name for row in trace.rows) == ["a", "b"]


def test_unreadable_documents_are_counted_and_the_others_are_shown():
    trace = assemble(TRACE, ["{", "[]", '{"id": "0000000000000001"}', json.dumps(part("shop", 0, 1))])

    assert trace.problem == "3 of its documents can't be read"
    assert [row.name for row in trace.rows] == ["shop"]


def test_a_trace_of_a_thousand_levels_is_read():
    """Four documents of 250 levels, for JSON itself is read no deeper than that with room to spare."""
    documents, caller = [], {}
    for number in range(4):
        deepest = branch = part(f"{number}-250", 0, 1)
        for level in reversed(range(1, 250)):
            branch = part(f"{number}-{level}", 0, 1, branch)
        documents.append(branch | caller)
        caller = {"parent_id": deepest["id"]}

    trace = put_together(*documents)

    assert [row.depth for row in trace.rows] == list(range(1000))


def test_exceptions_are_those_of_the_row_and_a_reference_is_none():
    failed = part("shop", 0, 1, cause={"exceptions": [{"type": "Boom", "message": "x"}, 5]}, fault=True)
    referred = part("orders", 0, 1, cause="53995c3f42cd8ad8", fault=True)

    trace = put_together(failed, referred)

    assert exceptions_of(rows(trace)["shop"]) == [{"type": "Boom", "message": "x"}]
    assert exceptions_of(rows(trace)["orders"]) == []


ODD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "id",
    "name",
    "start_time",
    "end_time",
    "subsegments",
    "http",
    "aws",
    "sql",
    "cause",
    "fault",
    "parent_id",
    "annotations",
)


@given(st.dictionaries(st.sampled_from(FIELDS), ODD), st.dictionaries(st.sampled_from(FIELDS), ODD))
def test_any_document_is_shown_or_counted_and_none_breaks_the_page(changes, inner_changes):
    inner = {**part("inner", 0.2, 0.4), **inner_changes}

    trace = put_together({**part("shop", 0, 1, inner), **changes})

    for row in trace.rows:
        row.call(), row.self_s, row.status, exceptions_of(row), trace.percent(row.start_s, trace.end_s)
