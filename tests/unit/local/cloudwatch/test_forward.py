import gzip

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloudwatch.forward import Decoder, ProtocolError, acknowledgement
from local.processes import forwarding

RECORD = {"log": "hello", "container_id": "abc"}
EVENT_TIME = msgpack.ExtType(0, b"\x00\x00\x00\x07\x1d\xcd\x65\x00")  # 7.5 s


def decoded(*messages):
    return [decoded for message in messages for decoded in Decoder().messages(msgpack.packb(message))]


@pytest.mark.parametrize(
    "message",
    [
        ["tag", 7, RECORD],
        ["tag", EVENT_TIME, RECORD, {}],
        ["tag", [[7, RECORD]]],
        ["tag", msgpack.packb([7, RECORD])],
        ["tag", gzip.compress(msgpack.packb([7, RECORD])), {"compressed": "gzip"}],
    ],
)
def test_every_mode_of_the_protocol_is_read(message):
    ((events, chunk),) = decoded(message)

    assert [int(event.time_s) for event in events] == [7]
    assert [event.record for event in events] == [RECORD]
    assert chunk == ""


def test_a_chunk_is_acknowledged_by_its_id():
    ((_, chunk),) = decoded(["tag", [[7, RECORD]], {"chunk": "c1"}])

    assert msgpack.unpackb(acknowledgement(chunk)) == {"ack": "c1"}


def test_messages_that_arrive_byte_by_byte_are_read():
    packed = b"".join(msgpack.packb(["tag", n, RECORD]) for n in range(3))
    decoder = Decoder()

    times = [
        event.time_s
        for at in range(len(packed))
        for events, _ in decoder.messages(packed[at : at + 1])
        for event in events
    ]

    assert times == [0, 1, 2]


def test_what_the_supervisor_sends_is_read():
    (message,) = Decoder().messages(forwarding.message("orders", "42", "grün"))

    assert message[0][0].record["log"] == "grün"
    assert message[0][0].record["com.docker.compose.service"] == "orders"


@given(st.binary(min_size=1, max_size=200))
def test_arbitrary_bytes_are_refused_or_more_are_awaited(data):
    try:
        for events, _ in Decoder().messages(data):
            assert isinstance(events, list)
    except ProtocolError:
        pass
