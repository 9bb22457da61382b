"""How many of OpenTelemetry's spans the local X-Ray takes, and how soon they are visible."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

RATE, SUSTAINED_S, BATCH = 10_000, 10, 500  # an exporter's batch is 512 at most
SENDERS = 3  # as many programs send at a time
CALL = {
    "http.request.method": "GET",
    "url.full": "http://127.0.0.1:8081/products/bamboo-lantern",
    "server.address": "127.0.0.1",
    "http.response.status_code": 200,
}
SERVING = {
    "http.request.method": "GET",
    "url.scheme": "http",
    "url.path": "/products/bamboo-lantern",
    "server.address": "127.0.0.1",
    "http.response.status_code": 200,
    "sku": "bamboo-lantern",
    "aws.xray.annotations": ["sku"],
}
TABLE = {
    "rpc.system": "aws-api",
    "rpc.service": "DynamoDB",
    "rpc.method": "GetItem",
    "aws.dynamodb.table_names": ["lantern-products"],
}
# kind, attributes and the index of the parent of each span of a trace
SHAPE: tuple[tuple[Span.SpanKind.ValueType, dict[str, Any], int | None], ...] = (
    (Span.SPAN_KIND_SERVER, SERVING, None),
    (Span.SPAN_KIND_CLIENT, CALL, 0),
    (Span.SPAN_KIND_SERVER, SERVING, 1),
    (Span.SPAN_KIND_CLIENT, TABLE, 2),
)


def measure(url: str, process: Any, client: Any) -> None:
    """RATE spans a second for SUSTAINED_S, then from sending to visible. `process` is the server's."""
    session = requests.Session()
    bodies = [_body() for _ in range(RATE * SUSTAINED_S // BATCH)]
    before, cpu = _received(url), sum(process.cpu_times()[:2])
    began = time.perf_counter()

    def send(sender: int) -> int:
        """Every SENDERS-th request at its time; how many were refused."""
        own, refused = requests.Session(), 0
        for number in range(sender, len(bodies), SENDERS):
            time.sleep(max(0.0, began + number * BATCH / RATE - time.perf_counter()))
            refused += _post(own, url, bodies[number]).status_code != 200
        return refused

    with ThreadPoolExecutor(SENDERS) as pool:
        refused = sum(pool.map(send, range(SENDERS)))
    took = time.perf_counter() - began
    share = (sum(process.cpu_times()[:2]) - cpu) / took
    lost = len(bodies) * BATCH - (_received(url) - before)
    print(
        f"{len(bodies) * BATCH / took:7.0f} spans/s over OTLP for {took:.0f} s: "
        f"refused {refused} requests, lost {lost}, one core busy {share:.0%}"
    )
    print(f"  processor time a span                   {share * took / (len(bodies) * BATCH) * 1e6:8.0f} us")
    times = []
    for _ in range(20):
        trace_id = os.urandom(16)
        body = _body(trace_id, len(SHAPE))
        _post(session, url, body)
        began = time.perf_counter()
        digits = trace_id.hex()
        while not client.batch_get_traces(TraceIds=[f"1-{digits[:8]}-{digits[8:]}"])["Traces"]:
            pass
        times.append(time.perf_counter() - began)
    print(f"  from the answer to visible, median, worst {statistics.median(times):6.3f} {max(times):6.3f} s")


def _post(session: requests.Session, url: str, body: bytes) -> requests.Response:
    headers = {"Content-Type": "application/x-protobuf"}
    return session.post(f"{url}/v1/traces", data=body, headers=headers, timeout=30)


def _received(url: str) -> int:
    counters = requests.get(f"{url}/healthz", timeout=10).json()
    return int(counters["spans received over OTLP"])


def _body(trace_id: bytes = b"", size: int = BATCH) -> bytes:
    """A request of whole traces, as the shop makes them."""
    spans: list[Span] = []
    for _ in range(size // len(SHAPE)):
        spans += _trace(trace_id or os.urandom(16))
    resource = {"attributes": _pairs({"service.name": "catalog", "service.version": "1.0.0"})}
    batch = {"resource": resource, "scope_spans": [{"spans": spans}]}
    return ExportTraceServiceRequest(resource_spans=[batch]).SerializeToString()


def _trace(trace_id: bytes) -> list[Span]:
    now = time.time_ns()
    ids = [os.urandom(8) for _ in SHAPE]
    return [
        Span(
            trace_id=trace_id,
            span_id=ids[index],
            parent_span_id=b"" if parent is None else ids[parent],
            kind=kind,
            name="GET /products/<sku>",
            start_time_unix_nano=now + index * 1_000_000,
            end_time_unix_nano=now + 20_000_000 - index * 1_000_000,
            attributes=_pairs(attributes),
        )
        for index, (kind, attributes, parent) in enumerate(SHAPE)
    ]


def _pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: Any) -> AnyValue:
    if isinstance(value, list):
        return AnyValue(array_value={"values": [_value(element) for element in value]})
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
