"""The local X-Ray survives invalid input, a full disk and endless load."""

import json
import os
import random
import resource
import time

import botocore.session
import psutil
import pytest
import requests

from tests.api.xray.server import HEADER, client_of, new_trace_id, running, segment, send, x_ray
from tests.signatures import authorization
from tests.waiting import wait_until

DATAGRAMS = 100_000
SIGNED = {"Authorization": authorization("xray")}
MODEL = botocore.session.get_session().get_service_model("xray")


@pytest.fixture(name="xray", scope="module")
def _xray(tmp_path_factory):
    with running(tmp_path_factory.mktemp("xray"), XRAY_MAX_MB="64") as part:
        yield part


def counters(part):
    return requests.get(f"{part.url}/healthz", timeout=5).json()


def is_there(part, trace_id):
    return bool(client_of(part).batch_get_traces(TraceIds=[trace_id])["Traces"])


def is_quiet(part):
    """Whether nothing is on its way; what the kernel had no room for will never come."""
    before = counters(part)["segments received over UDP"]
    time.sleep(0.02)
    return counters(part)["segments received over UDP"] == before


def mutated(chance, document):
    """A datagram that was good, with a few bytes changed, cut, doubled or swapped."""
    data = bytearray(HEADER + document)
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randrange(1, 20)]
            case 2:
                data[place:place] = data[: chance.randrange(20)]
            case _:
                data[place:place] = chance.choice(
                    [b"null", b"{}", b"[]", b'"', b"-1e308", b"\xff\xfe", b"true"]
                )
        if not data:
            return b"{"
    return bytes(data)


def test_a_hundred_thousand_mutated_datagrams_break_nothing(xray):
    chance = random.Random(20261123)
    document = json.dumps(
        segment(
            new_trace_id(),
            http={"request": {"url": "http://shop/", "method": "GET"}, "response": {"status": 200}},
            annotations={"version": "v1", "n": 1},
            subsegments=[
                {
                    "id": "53995c3f42cd8ad8",
                    "name": "DynamoDB",
                    "namespace": "aws",
                    "start_time": time.time(),
                    "end_time": time.time(),
                    "aws": {"operation": "GetItem", "table_name": "lantern-orders"},
                }
            ],
        )
    ).encode()
    before = counters(xray)["segments received over UDP"]

    for start in range(0, DATAGRAMS, 2000):
        send(xray, *(mutated(chance, document) for _ in range(2000)))
        wait_until(
            lambda total=before + start + 2000: counters(xray)["segments received over UDP"] >= total, 20
        )  # so that the kernel's buffer is never the one that drops
    good = new_trace_id()
    send(xray, segment(good))

    wait_until(lambda: is_there(xray, good), 20)
    after = counters(xray)
    assert after["segments received over UDP"] == before + DATAGRAMS + 1
    assert after["rejected"] > DATAGRAMS / 4
    now = time.time()
    client = client_of(xray)
    client.get_service_graph(StartTime=now - 600, EndTime=now)
    pages = client.get_paginator("get_trace_summaries").paginate(StartTime=now - 600, EndTime=now)
    assert sum(len(page["TraceSummaries"]) for page in pages) > 0


def nonsense(chance, depth=0):
    """Any JSON value."""
    kinds = [
        None,
        True,
        -1,
        0.5,
        1e308,
        "",
        "x" * 300,
        "1-00000000-000000000000000000000000",
        "\u0000",
        2**53,
    ]
    if depth < 3 and chance.random() < 0.4:
        return [nonsense(chance, depth + 1) for _ in range(chance.randrange(4))]
    if depth < 3 and chance.random() < 0.4:
        return {chance.choice(["Name", "Key", "x"]): nonsense(chance, depth + 1) for _ in range(3)}
    return chance.choice(kinds)


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_no_body_makes_a_server_error(xray, operation):
    """Refused or answered; what is not implemented says so with 501."""
    chance = random.Random(operation)
    path = MODEL.operation_model(operation).http["requestUri"]
    shape = MODEL.operation_model(operation).input_shape
    members = list(shape.members) if shape else []
    bodies = [b"", b"{", b"[]", b"null", b'"x"', b"\xff" * 10, b"{}", b'{"a":' * 2000]
    for _ in range(60):
        bodies.append(
            json.dumps({name: nonsense(chance) for name in members if chance.random() < 0.8}).encode()
        )

    answers = [requests.post(f"{xray.url}{path}", data=body, headers=SIGNED, timeout=10) for body in bodies]

    assert {answer.status_code for answer in answers} <= {200, 400, 404, 429, 501}
    assert all(answer.headers["Content-Type"].startswith("application/json") for answer in answers)


def test_a_full_disk_is_reported_and_receiving_goes_on(tmp_path):
    """The process may write files of 2 MB: SQLite meets what it meets on a full disk."""
    part = x_ray(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
    try:
        part.start()
        wait_until(lambda: part.answers("/healthz"), 10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    try:
        for _ in range(30):
            send(part, *(segment(new_trace_id(), metadata={"d": {"x": "x" * 3000}}) for _ in range(50)))
        wait_until(lambda: counters(part)["segments received over UDP"] == 1500, 20)
        wait_until(lambda: counters(part)["dropped"] > 0, 20)
        counted = counters(part)

        assert counted["last write error"] != "none"
        send(part, segment(new_trace_id()))
        wait_until(lambda: counters(part)["segments received over UDP"] == 1501, 20)
    finally:
        part.stop()


def test_the_file_and_the_memory_stop_growing_under_endless_load(tmp_path):
    """Twenty times as much as may be kept."""
    with running(tmp_path, XRAY_MAX_MB="4") as part:
        sizes, memory = [], []
        for _ in range(20):
            batch = [
                segment(new_trace_id(), metadata={"d": {"x": os.urandom(500).hex()}}) for _ in range(4000)
            ]
            for start in range(0, len(batch), 500):
                send(part, *batch[start : start + 500])
                wait_until(lambda: is_quiet(part), 20)
            files = (tmp_path / "state").iterdir()
            sizes.append(sum(file.stat().st_size for file in files) / 1e6)
            memory.append(psutil.Process(part.process.pid).memory_info().rss / 1e6)
        newest = new_trace_id()

        # without a limit the file would be four times as large; a busy machine takes old traces away later
        assert max(sizes[5:]) < max(sizes[:5]) * 1.5
        assert max(sizes) < 30  # what is kept, one batch more, and the journal
        assert max(memory[10:]) < max(memory[:10]) * 1.3 + 10
        wait_until(lambda: send(part, segment(newest)) or is_there(part, newest), 20)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example.com"}, 403),
        ({"Host": "evil.example.com:2000"}, 403),
        ({"Host": "127.0.0.1.evil.example.com"}, 403),
        ({"Origin": "http://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "xray:2000"}, 200),
        ({"Host": "[::1]:2000"}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 403),
        ({}, 200),
    ],
)
def test_a_web_page_from_elsewhere_is_refused(xray, headers, status):
    """Also one that gave its own name the address of this machine."""
    api = requests.post(f"{xray.url}/GetSamplingRules", json={}, headers=headers, timeout=5)
    page = requests.get(f"{xray.url}/", headers={k: v for k, v in headers.items() if k == "Host"}, timeout=5)

    assert api.status_code == status
    assert page.status_code == (403 if "Host" in headers and status == 403 else 200)
