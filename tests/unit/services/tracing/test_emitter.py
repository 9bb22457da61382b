"""The emitter against real sockets: nobody listening, no such name, a slow resolver, a large burst."""

import json
import logging
import socket
import threading

import pytest
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment

from services.tracing import emitter as emitter_module
from services.tracing.emitter import QUEUE_LIMIT, BackgroundEmitter, serialize
from tests.waiting import wait_until


@pytest.fixture(name="daemon")
def _daemon():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(3)
        yield listener


def closed_segment(name: str = "orders") -> Segment:
    segment = Segment(name)
    segment.put_annotation("order_id", "ord-1")
    child = Subsegment("dynamodb", "aws", segment)
    segment.add_subsegment(child)
    child.close()
    segment.close()
    return segment


def emitter_to(address: str) -> BackgroundEmitter:
    emitter = BackgroundEmitter()
    emitter.set_daemon_address(address)
    return emitter


def test_a_segment_arrives_as_header_line_and_document(daemon):
    emitter = emitter_to(f"127.0.0.1:{daemon.getsockname()[1]}")
    segment = closed_segment()

    emitter.send_entity(segment)

    header, document = daemon.recv(65535).split(b"\n", 1)
    assert json.loads(header) == {"format": "json", "version": 1}
    assert json.loads(document)["id"] == segment.id


def test_the_document_is_the_one_that_the_sdk_writes():
    segment = closed_segment()

    assert json.loads(serialize(segment)) == json.loads(segment.serialize())


def test_a_daemon_that_comes_back_gets_segments_again(daemon):
    port = daemon.getsockname()[1]
    daemon.close()
    emitter = emitter_to(f"127.0.0.1:{port}")
    for _ in range(3):
        emitter.send_entity(closed_segment("orders-while-down"))
    wait_until(emitter._waiting.empty)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))
        again.settimeout(0.2)
        received = b""
        for _ in range(20):
            emitter.send_entity(closed_segment("orders-when-back"))
            try:
                received = again.recv(65535)
                break
            except TimeoutError:
                continue

    assert b"orders-when-back" in received


@pytest.mark.parametrize("address", ["127.0.0.1:9", "xray.invalid:2000"])
def test_an_absent_daemon_is_logged_once_and_never_raises(address, caplog):
    emitter = emitter_to(address)

    with caplog.at_level(logging.WARNING, "services.tracing.emitter"):
        for _ in range(200):
            emitter.send_entity(closed_segment())
        wait_until(emitter._waiting.empty, 20)
        wait_until(lambda: caplog.records)

    assert len(caplog.records) == 1
    assert address in caplog.text


def test_the_loss_is_logged_again_a_minute_later_with_its_count(caplog, monkeypatch):
    emitter = BackgroundEmitter()
    clock = [1000.0]
    monkeypatch.setattr(emitter_module.time, "monotonic", lambda: clock[0])

    with caplog.at_level(logging.WARNING, "services.tracing.emitter"):
        for seconds in (0, 1, 59, 61, 62):
            clock[0] = 1000.0 + seconds
            emitter._count_loss("unreachable")

    assert ["1 segments" in caplog.messages[0], "4 segments" in caplog.messages[1]] == [True, True]
    assert len(caplog.messages) == 2


def test_sending_never_waits_for_a_slow_resolver(monkeypatch):
    resolving, resolved = threading.Event(), threading.Event()

    def resolve(*_, **__):
        resolving.wait(20)
        resolved.set()
        raise OSError("too slow")

    monkeypatch.setattr(emitter_module.socket, "getaddrinfo", resolve)
    emitter = emitter_to("slow.invalid:2000")
    segment = closed_segment()

    for _ in range(QUEUE_LIMIT + 500):
        emitter.send_entity(segment)

    assert not resolved.is_set()
    assert emitter._lost >= 499
    resolving.set()
