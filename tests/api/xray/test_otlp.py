"""OpenTelemetry's SDK and its exporter, unchanged, against the local X-Ray; and bodies that mean harm."""

import gzip
import json
import random
import subprocess
import time
import zlib

import psutil
import pytest
import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, set_span_in_context

from tests.api.xray.server import client_of, running, traces
from tests.ports import free_port
from tests.shop import CLEAN, ROOT
from tests.unit.local.xray.otlp.spans import span
from tests.unit.local.xray.otlp.test_intake import in_json, mutated, request
from tests.waiting import wait_until

PROTOBUF, JSON = "application/x-protobuf", "application/json"
GUEST = """
import sys, flask, requests
app = flask.Flask("guest")
app.add_url_rule("/inner", "inner", lambda: "inner")
app.add_url_rule("/hello", "hello", lambda: requests.get(f"http://127.0.0.1:{sys.argv[1]}/inner").text)
app.run(port=int(sys.argv[1]), threaded=True)
"""


@pytest.fixture(scope="module", name="xray")
def _xray(tmp_path_factory):
    port = free_port()
    with running(tmp_path_factory.mktemp("otlp"), OTLP_PORT=str(port)) as part:
        part.otlp_url = f"http://127.0.0.1:{port}/v1/traces"
        yield part


@pytest.fixture(name="client")
def _client(xray):
    return client_of(xray)


def post(xray, body, media_type=PROTOBUF, **headers):
    fields = {"Content-Type": media_type, **headers}
    return requests.post(f"{xray.url}/v1/traces", data=body, headers=fields, timeout=30)


def tracer(xray, service):
    """A tracer of OpenTelemetry's SDK whose spans are sent as they end."""
    provider = TracerProvider(resource=Resource({"service.name": service, "service.version": "1.0"}))
    exporter = OTLPSpanExporter(endpoint=xray.otlp_url, compression=Compression.Gzip)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("lantern")


def test_the_spans_of_a_real_sdk_are_a_trace_and_a_map(xray, client):
    """Children end first, so each arrives in a request of its own before its parent."""
    shop, stock = tracer(xray, "otel-shop"), tracer(xray, "otel-stock")
    with shop.start_as_current_span("GET /order", kind=SpanKind.SERVER) as root:
        root.set_attributes(
            {
                "http.request.method": "GET",
                "url.scheme": "http",
                "server.address": "shop",
                "url.path": "/order",
                "http.response.status_code": 500,
                "order_id": "ord-otel",
                "aws.xray.annotations": ["order_id"],
            }
        )
        call = shop.start_span(
            "GET", kind=SpanKind.CLIENT, attributes={"http.url": "http://stock/", "net.peer.name": "stock"}
        )
        serving = stock.start_span("GET /", context=set_span_in_context(call), kind=SpanKind.SERVER)
        table = {"rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem"}
        asking = stock.start_span(
            "DynamoDB.GetItem",
            context=set_span_in_context(serving),
            kind=SpanKind.CLIENT,
            attributes=table | {"aws.dynamodb.table_names": ["lamps"]},
        )
        asking.end()
        serving.end()
        call.end()
        try:
            raise RuntimeError("no lamp")
        except RuntimeError as error:
            root.record_exception(error)
    digits = f"{root.get_span_context().trace_id:032x}"
    trace_id = f"1-{digits[:8]}-{digits[8:]}"

    (trace,) = traces(client, trace_id)  # at once: what is answered is written
    names = {document["name"] for document in map(json.loads, (s["Document"] for s in trace["Segments"]))}
    assert names == {"otel-shop", "otel-stock", "DynamoDB"}

    now = time.time()
    text = 'annotation.order_id = "ord-otel"'
    (summary,) = client.get_trace_summaries(StartTime=now - 60, EndTime=now + 60, FilterExpression=text)[
        "TraceSummaries"
    ]
    assert (summary["Id"], summary["HasFault"], summary["IsPartial"]) == (trace_id, True, False)
    assert summary["Http"] == {"HttpURL": "http://shop/order", "HttpStatus": 500, "HttpMethod": "GET"}
    (cause,) = summary["FaultRootCauses"][0]["Services"][0]["EntityPath"][0]["Exceptions"]
    assert (cause["Name"], cause["Message"]) == ("RuntimeError", "no lamp")

    graph = client.get_trace_graph(TraceIds=[trace_id])["Services"]
    by_id = {node["ReferenceId"]: node for node in graph}
    assert {(node["Name"], node.get("Type")) for node in graph} == {
        ("otel-shop", "client"),
        ("otel-shop", None),
        ("otel-stock", None),
        ("lamps", "AWS::DynamoDB::Table"),
    }
    edges = {(node["Name"], by_id[edge["ReferenceId"]]["Name"]) for node in graph for edge in node["Edges"]}
    assert edges == {("otel-shop", "otel-shop"), ("otel-shop", "otel-stock"), ("otel-stock", "lamps")}


def test_awss_distribution_unchanged_is_sampled_by_the_rules_and_shows_its_program(xray, client):
    """A program that isn't Lantern's, started as AWS's guide has it."""
    port = free_port()
    environ = {
        **CLEAN,
        "OTEL_PYTHON_DISTRO": "aws_distro",
        "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
        "OTEL_SERVICE_NAME": "guest",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": xray.otlp_url,
        "OTEL_TRACES_SAMPLER": "xray",
        "OTEL_TRACES_SAMPLER_ARG": f"endpoint={xray.url},polling_interval=300",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    tools = ROOT / ".venv/distro/bin"
    command = [str(tools / "opentelemetry-instrument"), str(tools / "python"), "-c", GUEST, str(port)]
    guest = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/hello"), 30, "the guest answers")
        text = 'service("guest") { http.status = 200 }'

        def whole():
            span = {"StartTime": time.time() - 120, "EndTime": time.time() + 60, "FilterExpression": text}
            found = client.get_trace_summaries(**span)["TraceSummaries"]
            return next(
                (trace for trace in found if trace["Http"].get("HttpURL", "").endswith("/hello")), None
            )

        summary = wait_until(whole, 10, "the guest's trace is there")
        assert (summary["IsPartial"], summary["HasFault"]) == (False, False)
        (trace,) = traces(client, summary["Id"])
        assert len(trace["Segments"]) == 2  # the request that came in, and the one that it made to itself
    finally:
        guest.terminate()
        guest.wait(10)


def answers(url):
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def test_both_ports_take_spans_and_count_them(xray):
    before = requests.get(f"{xray.url}/healthz", timeout=5).json()["spans received over OTLP"]
    for url in (f"{xray.url}/v1/traces", xray.otlp_url):
        body = request(span()).SerializeToString()
        assert requests.post(url, data=body, headers={"Content-Type": PROTOBUF}, timeout=5).status_code == 200

    counters = requests.get(xray.otlp_url.replace("/v1/traces", "/healthz"), timeout=5).json()
    assert counters["spans received over OTLP"] == before + 2


def test_a_body_without_a_length_is_taken(xray):
    body = request(span()).SerializeToString()

    assert post(xray, iter([body[:50], body[50:]])).status_code == 200  # sent in chunks


def test_what_means_harm_is_refused_and_the_next_good_request_is_taken(xray):
    """A few hundred; docs/measured.md has what a hundred thousand did."""
    chance = random.Random(14)
    message = request(*(span(attributes={"http.url": "http://shop/", "n": n}) for n in range(3)))
    bodies = {PROTOBUF: message.SerializeToString(), JSON: in_json(message)}
    statuses = set()
    for number in range(300):
        media_type = (PROTOBUF, JSON)[number % 2]
        statuses.add(post(xray, mutated(chance, bodies[media_type]), media_type).status_code)
    for bomb in bombs():
        statuses.add(post(xray, bomb, **{"Content-Encoding": "gzip"}).status_code)
        statuses.add(post(xray, bomb, JSON, **{"Content-Encoding": "gzip"}).status_code)

    assert statuses <= {200, 400, 413}
    assert psutil.Process(xray.process.pid).memory_info().rss < 250e6
    assert post(xray, bodies[PROTOBUF]).status_code == 200


def bombs():
    """A gigabyte of zeros, and bodies within the limit that are millions of empty messages once decoded."""
    packer = zlib.compressobj(9, wbits=31)
    yield b"".join(packer.compress(bytes(10_000_000)) for _ in range(100)) + packer.flush()
    empty_resources = b"\x0a\x00" * 2_500_000
    empty_spans = b"\x12\x00" * 2_400_000
    for content in (empty_resources, nested(b"\x0a", nested(b"\x12", empty_spans))):
        yield gzip.compress(content, compresslevel=1)
    yield gzip.compress(b'{"resourceSpans":[' + b"{}," * 1_700_000 + b"{}]}", compresslevel=1)
    yield gzip.compress(b"[" * 5_000_000, compresslevel=1)


def nested(tag, content):
    """A length-delimited field."""
    length, size = b"", len(content)
    while size > 127:
        length, size = length + bytes([size % 128 + 128]), size // 128
    return tag + length + bytes([size]) + content
