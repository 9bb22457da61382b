"""How much the local X-Ray takes, how fast it answers, and moto's server beside it. Asserts nothing.

The server has one core and the sender the other, where there are two.
"""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import requests

from tests.bench import otlp
from tests.ports import free_port
from tests.shop import CLEAN
from tests.waiting import wait_until

HEADER = b'{"format":"json","version":1}\n'
TRACES, SEGMENTS_A_TRACE = 100_000, 3
FEW = 10_000 * SEGMENTS_A_TRACE  # where memory is looked at for the first time
RATE, SUSTAINED_S = 10_000, 10
ROUNDS = 5
FILTERS = (
    "responsetime > 0.14",
    'service("catalog") { fault }',
    'annotation.order_id = "ord-77777"',
    "http.status = 500",
    "fault AND duration > 0.1",
)


def main() -> None:
    """Start, burst, sustained load, then questions over 100,000 traces, then moto."""
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        with LocalXRay(Path(folder), core=cores[-1]) as server:
            os.sched_setaffinity(0, {cores[0]})
            print(f"start until it answers                    {server.started_s:8.2f} s")
            documents = list(_documents(TRACES))
            _burst(server, documents[:5000])
            _visible(server)
            _fill(server, documents[5000:FEW])
            _sustained(server, documents[FEW : FEW + RATE * SUSTAINED_S])
            otlp.measure(server.url, server.process, server.client)
            _fill(server, documents[FEW + RATE * SUSTAINED_S :])
            _questions(server)
        os.sched_setaffinity(0, set(cores))
        _beside_moto(Path(folder), documents[:3000])


class LocalXRay:
    """The real process on a core of its own."""

    def __init__(self, folder: Path, core: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environ = {
            **CLEAN,
            "XRAY_PORT": str(self.port),
            "OTLP_PORT": "0",
            "XRAY_STATE_DIR": str(folder / "state"),
            "XRAY_MAX_MB": "2000",
        }
        began = time.perf_counter()
        self.process = psutil.Popen([sys.executable, "-m", "local.xray"], env=environ)
        self.process.cpu_affinity([core])
        wait_until(lambda: _answers(f"{self.url}/healthz"), 20)
        self.started_s = time.perf_counter() - began
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", self.port))
        self.client = _client(self.url)

    def __enter__(self) -> "LocalXRay":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self.process.terminate()
        self.process.wait(10)

    def send(self, document: bytes) -> None:
        """One datagram."""
        self._socket.send(HEADER + document)

    def counters(self) -> dict[str, Any]:
        """What its front page counts."""
        counters: dict[str, Any] = requests.get(f"{self.url}/healthz", timeout=10).json()
        return counters

    def lost(self, sent: int) -> int:
        """How many of all datagrams that were sent did not get in."""
        counters = self.counters()
        return sent - int(counters["segments received over UDP"]) + int(counters["dropped"])

    def memory_mb(self) -> float:
        """Resident memory."""
        return float(self.process.memory_info().rss) / 1e6


def _burst(server: LocalXRay, documents: list[bytes]) -> None:
    began = time.perf_counter()
    for document in documents:
        server.send(document)
    took = time.perf_counter() - began
    wait_until(lambda: server.counters()["segments received over UDP"] >= len(documents), 10)
    print(
        f"burst of {len(documents)} in {took * 1000:.0f} ms, lost          {server.lost(len(documents)):8d}"
    )


def _visible(server: LocalXRay) -> None:
    times = []
    for _ in range(20):
        trace_id = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
        now = time.time()
        document = {
            "trace_id": trace_id,
            "id": os.urandom(8).hex(),
            "name": "orders",
            "start_time": now,
            "end_time": now,
        }
        began = time.perf_counter()
        server.send(json.dumps(document).encode())
        wait_until(lambda trace_id=trace_id: server.client.batch_get_traces(TraceIds=[trace_id])["Traces"], 5)
        times.append(time.perf_counter() - began)
    print(f"from sending to visible, median and worst {statistics.median(times):8.2f} {max(times):8.2f} s")


def _sustained(server: LocalXRay, documents: list[bytes]) -> None:
    before, cpu = server.counters(), sum(server.process.cpu_times()[:2])
    began = time.perf_counter()
    for number, document in enumerate(documents):
        if number % 100 == 0:
            time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        server.send(document)
    took = time.perf_counter() - began
    share = (sum(server.process.cpu_times()[:2]) - cpu) / took
    got = before["segments received over UDP"] + len(documents)
    wait_until(lambda: server.counters()["segments received over UDP"] >= got, 10)
    lost = server.lost(got)
    print(
        f"{len(documents) / took:7.0f} segments/s for {took:.0f} s: lost {lost}, one core busy  {share:8.0%}"
    )


def _fill(server: LocalXRay, documents: list[bytes]) -> None:
    for number, document in enumerate(documents):
        if number % 500 == 0:
            time.sleep(0.06)
        server.send(document)
    wait_until(lambda: server.process.cpu_percent(1.0) < 10, 120)
    counters = server.counters()
    stored = f"{counters['traces stored']} traces, {counters['dropped']} documents dropped, memory"
    print(f"{stored:42}{server.memory_mb():6.0f} MB")


def _questions(server: LocalXRay) -> None:
    end = time.time()
    span = {"StartTime": end - 3600, "EndTime": end}
    _timed("GetServiceGraph", lambda: server.client.get_service_graph(**span))
    _timed("GetTraceSummaries", lambda: server.client.get_trace_summaries(**span))
    for text in FILTERS:
        _timed(
            f"  filter {text}",
            lambda text=text: server.client.get_trace_summaries(**span, FilterExpression=text),
        )
    print(f"memory after the questions                {server.memory_mb():8.0f} MB")


def _timed(what: str, ask: Callable[[], Any]) -> None:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    print(f"{what:42}{statistics.median(times):7.0f} ms, worst {max(times):5.0f} ms")


def _beside_moto(folder: Path, documents: list[bytes]) -> None:
    """The same PutTraceSegments and GetTraceSummaries, in turn."""
    port = free_port()
    moto = subprocess.Popen(
        [str(Path(sys.executable).with_name("moto_server")), "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/moto-api/"), 30)
        with LocalXRay(folder / "second", core=sorted(os.sched_getaffinity(0))[-1]) as ours:
            clients = {"ours": ours.client, "moto": _client(f"http://127.0.0.1:{port}")}
            rates: dict[str, list[float]] = {"ours": [], "moto": []}
            size = len(documents) // ROUNDS
            for number in range(ROUNDS):
                part = documents[number * size : (number + 1) * size]
                for name in ("ours", "moto") if number % 2 else ("moto", "ours"):
                    rates[name].append(_put(clients[name], part))
            ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates["moto"], strict=True))
            print(f"PutTraceSegments, beside moto's server    {ratio:8.1f} times as many segments/s")
            _summaries(clients)
    finally:
        moto.terminate()
        moto.wait(10)


def _put(client: Any, documents: list[bytes]) -> float:
    began = time.perf_counter()
    for start in range(0, len(documents), 25):
        client.put_trace_segments(
            TraceSegmentDocuments=[document.decode() for document in documents[start : start + 25]]
        )
    return len(documents) / (time.perf_counter() - began)


def _summaries(clients: dict[str, Any]) -> None:
    end = time.time()
    ratios = []
    for _ in range(ROUNDS):
        took = {}
        for name, client in clients.items():
            began = time.perf_counter()
            client.get_trace_summaries(StartTime=end - 3600, EndTime=end)
            took[name] = time.perf_counter() - began
        ratios.append(took["moto"] / took["ours"])
    print(
        f"GetTraceSummaries of 1,000 traces, a page {statistics.median(ratios):8.1f} times as fast as moto's"
    )


def _documents(traces: int) -> Iterator[bytes]:
    """Three segments and four calls a trace, as the shop sends them, over the last ten minutes."""
    chance = random.Random(20261123)
    began = time.time() - 600
    for number in range(traces):
        yield from (
            json.dumps(document).encode()
            for document in _trace(chance, number, began + number * 600 / traces)
        )


def _trace(chance: random.Random, number: int, start: float) -> Iterator[dict[str, Any]]:
    trace_id = f"1-{int(start):08x}-{chance.getrandbits(96):024x}"
    ids = [f"{chance.getrandbits(64):016x}" for _ in range(7)]
    took, failed = 0.05 + chance.random() / 10, chance.random() < 0.02
    http = {
        "request": {"url": "http://127.0.0.1:8080/api/orders", "method": "POST", "user_agent": "shopper"},
        "response": {"status": 500 if failed else 201},
    }

    def entity(index: int, name: str, begins: float, lasts: float, **fields: Any) -> dict[str, Any]:
        times = {"start_time": start + begins, "end_time": start + begins + lasts}
        return {"id": ids[index], "name": name, **times, **fields}

    def call(index: int, name: str, begins: float, lasts: float) -> dict[str, Any]:
        return entity(index, name, begins, lasts, namespace="remote", fault=failed)

    def table(index: int, name: str, begins: float) -> dict[str, Any]:
        aws = {"operation": "PutItem", "table_name": name}
        return entity(index, "DynamoDB", begins, 0.004, namespace="aws", aws=aws)

    facts = {"version": "v1", "order_id": f"ord-{number}"}
    yield entity(
        0, "storefront", 0, took, trace_id=trace_id, http=http, annotations=facts, fault=failed,
        subsegments=[call(1, "orders:8080", 0.01, took - 0.02)],
    )  # fmt: skip
    yield entity(
        2, "orders", 0.015, took - 0.03, trace_id=trace_id, parent_id=ids[1], annotations=facts, fault=failed,
        subsegments=[call(3, "catalog:8080", 0.018, 0.007), table(4, "lantern-orders", 0.026)],
    )  # fmt: skip
    yield entity(
        5, "catalog", 0.019, 0.005, trace_id=trace_id, parent_id=ids[3], fault=failed,
        subsegments=[table(6, "lantern-products", 0.02)],
    )  # fmt: skip


def _client(url: str) -> Any:
    keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    return boto3.client("xray", endpoint_url=url, region_name="us-east-1", **keys)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


if __name__ == "__main__":
    main()
