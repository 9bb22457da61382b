"""Invalid documents are refused with the codes of the real service, valid ones are taken."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.xray.segments import DocumentRejected, StoredTrace, normalized_trace_id, parse_document
from local.xray.service_graph import trace_graph
from local.xray.summaries import summarize
from local.xray.traces import assemble
from tests.unit.local.xray.documents import START, TRACE, independent, segment, subsegment


def code_of(document):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(DocumentRejected) as caught:
        parse_document(text)
    return caught.value.code, str(caught.value)


def without(document, *names):
    return {key: value for key, value in document.items() if key not in names}


GOOD = segment("orders")
BAD = [
    (b"", "ParseError"),
    (b"{", "ParseError"),
    (b"[]", "ParseError"),
    (b'"text"', "ParseError"),
    (b"\xff\xfe", "ParseError"),
    (b"[" * 5000, "ParseError"),
    ({**GOOD, "type": "supersegment"}, "UnknownType"),
    (without(GOOD, "id"), "MissingId"),
    ({**GOOD, "id": "short"}, "InvalidId"),
    ({**GOOD, "id": 7}, "InvalidId"),
    (without(GOOD, "name"), "MissingName"),
    (without(GOOD, "trace_id"), "MissingTraceId"),
    ({**GOOD, "trace_id": "1-2-3"}, "InvalidTraceId"),
    (without(GOOD, "start_time"), "MissingStartTime"),
    ({**GOOD, "start_time": "soon"}, "MissingStartTime"),
    (without(GOOD, "end_time"), "MissingEndTime"),
    ({**GOOD, "in_progress": True}, "InProgressSegmentHasEndTime"),
    ({**GOOD, "parent_id": "none"}, "InvalidParentId"),
    ({**independent("call", "orders"), "in_progress": True}, "InProgressSubsegmentHasEndTime"),
    (without(independent("call", "orders"), "parent_id"), "MissingParentId"),
    ({**GOOD, "subsegments": [without(subsegment("call"), "id")]}, "MissingId"),
    ({**GOOD, "subsegments": [7]}, "ParseError"),
    (independent("call", "none") | {"parent_id": "none"}, "InvalidParentId"),
    ({**GOOD, "metadata": {"deep": json.loads("[" * 300 + "]" * 300)}}, "ParseError"),
    ({**GOOD, "metadata": "x" * 65536}, "ParseError"),
]


@pytest.mark.parametrize(("document", "code"), BAD)
def test_an_invalid_document_is_refused_with_its_error_code(document, code):
    answered, message = code_of(document)

    assert answered == code
    assert f"ErrorCode: {code}" in message


def test_an_invalid_inline_subsegment_refuses_the_whole_document():
    _, message = code_of({**GOOD, "subsegments": [subsegment("good"), without(subsegment("bad"), "name")]})

    assert message == "Invalid subsegment. ErrorCode: MissingName, Cause: null"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"id": ', "Invalid segment. ErrorCode: ParseError"),
        (b" {", "Invalid segment. ErrorCode: ParseError"),
        (b"[]", "Invalid entity. ErrorCode: ParseError"),
        (b"nonsense", "Invalid entity. ErrorCode: ParseError"),
    ],
)
def test_text_that_begins_like_an_object_is_called_a_segment(text, message):
    """Recorded: segments_and_policies.json of the recordings that test_recordings.py names."""
    assert code_of(text) == ("ParseError", message)


@pytest.mark.parametrize("subsegments", [None, {}, {"id": 1}, "text", 5, True])
def test_subsegments_that_are_no_list_are_dropped_and_the_segment_is_kept(subsegments):
    """Recorded: segments_and_policies.json of the recordings that test_recordings.py names."""
    received = parse_document(json.dumps({**GOOD, "subsegments": subsegments}).encode())

    assert "subsegments" not in json.loads(received.body)


def test_times_are_checked_before_the_parent():
    """The service's order: what is wrong first is what the answer says."""
    both_wrong = without(independent("call", "orders"), "parent_id", "end_time")

    assert code_of(both_wrong)[0] == "MissingEndTime"


def test_a_long_name_is_cut_at_200_characters():
    received = parse_document(json.dumps({**GOOD, "name": "n" * 300}).encode())

    assert json.loads(received.body)["name"] == "n" * 200


def test_an_end_before_the_start_is_accepted():
    assert parse_document(json.dumps({**GOOD, "end_time": GOOD["start_time"] - 1}).encode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        (TRACE[2:].replace("-", ""), TRACE),
        ("1-2-3", None),
        ("", None),
    ],
)
def test_w3c_trace_ids_are_converted(text, expected):
    assert normalized_trace_id(text) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.just("5" * 16),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    changes=st.dictionaries(
        st.sampled_from([*GOOD, "type", "parent_id", "subsegments", "in_progress"]), VALUES
    ),
    odd=st.dictionaries(
        st.sampled_from(["http", "aws", "annotations", "user", "origin", "cause", "sql"]), VALUES
    ),
    odd_call=st.dictionaries(st.sampled_from(["http", "aws", "namespace", "sql", "name", "fault"]), VALUES),
)
@example({}, {"http": {"request": [], "response": 5}, "annotations": {"a": {}, "b": [1]}, "origin": {}}, {})
@example({}, {"aws": [], "user": {}}, {"aws": {"operation": 1, "table_name": ["a"], "table_names": [{}]}})
@example({"end_time": 0}, {}, {"aws": {"operation": "GetItem", "table_name": {}}, "http": "x", "sql": None})
def test_a_mutated_document_is_refused_or_can_be_shown(changes, odd, odd_call):
    call = {**subsegment("dynamodb", namespace="aws"), **odd_call}
    text = json.dumps({**GOOD, "subsegments": [call], **odd, **changes}).encode()

    try:
        body = parse_document(text).body
    except DocumentRejected as refusal:
        code = refusal.code
    else:
        trace = assemble(StoredTrace(TRACE, START, START, 1, ((START, body),)))
        code = trace_graph([trace]) and summarize(trace)
    assert code


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data):
    assert code_of(data)[0]
