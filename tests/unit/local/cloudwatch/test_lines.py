import json

import pytest

from local.cloudwatch.forward import Event
from local.cloudwatch.lines import CUT, MAX_EVENT_BYTES, Assembler, group_of

DOCKER = {
    "container_id": "0123456789abcdef",
    "container_name": "/lantern-orders-1",
    "com.docker.compose.service": "orders",
}


def read(text):
    return Assembler().line(Event(1_700_000_000.0, {**DOCKER, "log": text}))


def test_a_line_goes_to_its_services_group_with_the_time_that_it_says_itself():
    line = read(json.dumps({"timestamp": "2023-11-14T22:13:19.250Z", "message": "placed"}))

    assert (line.group, line.source, line.time_ms) == (
        "/lantern/orders",
        "0123456789ab",
        1_699_999_999_250,
    )
    assert line.fields["message"] == "placed"


@pytest.mark.parametrize("timestamp", ["soon", 5, None, "9999-12-31T23:59:59Z", "2023-11-14T23:00:00Z"])
def test_an_impossible_timestamp_is_replaced_by_the_time_of_arrival(timestamp):
    assert read(json.dumps({"timestamp": timestamp})).time_ms == 1_700_000_000_000


@pytest.mark.parametrize(
    "text", ["Traceback (most recent call last):", "{not json", "\x1b[31mred\x00", "[1]"]
)
def test_a_line_that_is_no_json_object_keeps_its_text(text):
    assert (read(text).text, read(text).fields) == (text, {})


def test_pieces_of_a_long_line_are_put_together_in_order_and_apart_from_others():
    assembler = Assembler()
    piece = {"partial_message": "true", "partial_last": "false"}

    def feed(text, name, ordinal, last="false"):
        record = {
            **DOCKER,
            **piece,
            "log": text,
            "partial_id": name,
            "partial_ordinal": str(ordinal),
            "partial_last": last,
        }
        return assembler.line(Event(1.0, record))

    assert feed("bb", "x", 2) is None
    assert feed("other", "y", 1) is None
    assert feed("aa", "x", 1) is None
    assert feed("cc", "x", 3, "true").text == "aabbcc"


def test_a_line_that_is_too_long_for_cloudwatch_is_cut_and_says_so():
    line = read("ü" * MAX_EVENT_BYTES)

    assert len(line.text.encode()) <= MAX_EVENT_BYTES + 2
    assert line.text.endswith(CUT)


@pytest.mark.parametrize(("text", "accepted"), [("", " "), ("half \udcff", "half \ufffd")])
def test_an_empty_line_and_bytes_that_are_no_utf_8_become_a_text_that_cloudwatch_takes(text, accepted):
    assert read(text).text == accepted


def test_a_group_name_has_only_characters_that_cloudwatch_takes():
    assert group_of({"com.docker.compose.service": "a b\n<c>"}) == "/lantern/a-b--c-"
    assert group_of({"container_name": "/web-1"}) == "/lantern/web-1"
    assert group_of({}) == "/lantern/unknown"
