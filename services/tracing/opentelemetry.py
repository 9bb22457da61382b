"""Tracing by OpenTelemetry's SDK and its instrumentations of Flask, requests and botocore.

Ids, headers and sampling are X-Ray's, so that a service traced by this and one traced by the X-Ray SDK make
one trace. Spans go out over OTLP to OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

# the new semantic conventions for HTTP; read when an instrumentation is imported
os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")

from aws_xray_sdk.core.context import Context as XRayContext
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.sampling.sampler import DefaultSampler
from flask import Flask, Response, current_app, g, has_request_context, request
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from services.common import logs, task
from services.common.health import OPERATIONAL_ROUTES
from services.tracing import headers, quiet, rules
from services.tracing.aws_calls import THROTTLED, tables_of
from services.tracing.headers import TraceHeader

ANNOTATED = "aws.xray.annotations"  # the keys of the attributes that X-Ray shall index
EXPORT_EVERY_MS = 200
NO_HEADER = TraceHeader()

_caller: ContextVar[TraceHeader] = ContextVar("caller", default=NO_HEADER)
_sampler = DefaultSampler()


def init_app(app: Flask) -> None:
    """Trace this app's requests, and their calls through requests and botocore, as the segment `app.name`."""
    quiet.init_app()
    _sampler.load_settings(DaemonConfig(), XRayContext())
    provider = _provider(app)
    trace.set_tracer_provider(provider)
    set_global_textmap(CompositePropagator([TraceContextTextMapPropagator(), AwsXRayPropagator()]))
    RequestsInstrumentor().instrument(tracer_provider=provider, request_hook=_name_callee)
    BotocoreInstrumentor().instrument(  # type: ignore[no-untyped-call]
        tracer_provider=provider, request_hook=_name_tables, response_hook=_mark_throttle
    )
    app.before_request(_take_header)
    app.after_request(_answer_trace_id)
    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app, tracer_provider=provider, enable_commenter=False
    )
    app.before_request(_identify)
    app.after_request(_record_exception)


def start() -> None:
    """Fetch X-Ray's sampling rules before the first request comes. Called once in each process."""
    rules.fetch(_sampler)


def annotate(key: str, value: str) -> None:
    """Put an annotation, e.g. `order_id`, on the span of the present request."""
    span = trace.get_current_span()
    if isinstance(span, ReadableSpan) and span.is_recording():
        keys = (span.attributes or {}).get(ANNOTATED, ())
        span.set_attributes({key: value, ANNOTATED: [*keys, key]})  # type: ignore[misc]


@contextmanager
def background_segment(name: str, **annotations: str) -> Iterator[None]:
    """Trace work that no request asked for, e.g. a clean-up, as a segment with these annotations."""
    with trace.get_tracer(__name__).start_as_current_span(name):
        _identify_log_lines()
        for key, value in annotations.items():
            annotate(key, value)
        try:
            yield
        finally:
            logs.forget()


@contextmanager
def untraced() -> Iterator[None]:
    """Keep work that no request asked for out of the traces, e.g. looking for something to clean up."""
    ids = AwsXRayIdGenerator()
    context = SpanContext(ids.generate_trace_id(), ids.generate_span_id(), is_remote=False)
    with trace.use_span(trace.NonRecordingSpan(context)):
        yield


class _Ids(AwsXRayIdGenerator):
    """X-Ray's ids; a request whose caller gave a trace id and no parent has that trace id."""

    def generate_trace_id(self) -> int:
        caller = _caller.get()
        if caller.root and not caller.parent:
            return int(caller.root.replace("-", "")[1:], 16)
        return super().generate_trace_id()


class _RuleSampler(Sampler):
    """Follows the caller's decision, and X-Ray's rules where there is none.

    A call that belongs to no request is not sampled: nobody would find its trace.
    """

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,  # noqa: ARG002
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """The decision for a span that is about to begin."""
        parent = trace.get_current_span(parent_context).get_span_context()
        caller = _caller.get() if kind == SpanKind.SERVER else NO_HEADER
        if parent.is_valid and not parent.is_remote:
            is_sampled = parent.trace_flags.sampled
        elif caller.is_sampled is not None:
            is_sampled = caller.is_sampled
        else:
            is_sampled = kind in (SpanKind.SERVER, SpanKind.INTERNAL) and _by_rules(name)
        decision = Decision.RECORD_AND_SAMPLE if is_sampled else Decision.DROP
        return SamplingResult(decision, attributes if is_sampled else None, trace_state)

    def get_description(self) -> str:
        """What the SDK shows of it."""
        return "X-Ray's sampling rules"


def _by_rules(name: str) -> bool:
    if not has_request_context():
        return bool(_sampler.should_trace({"service": name}))
    asked = {"host": request.host, "method": request.method, "path": request.path}
    return bool(_sampler.should_trace({**asked, "service": current_app.name}))


def _provider(app: Flask) -> TracerProvider:
    service = {"service.name": app.name, "service.version": app.extensions["settings"].version}
    provider = TracerProvider(_RuleSampler(), Resource.create(service), id_generator=_Ids())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=EXPORT_EVERY_MS))
    return provider


def _take_header() -> None:
    """Read both headers into the one that the instrumentation extracts, and keep operational routes out.

    The propagator takes a header without a decision for one that says no; `_RuleSampler` knows better.
    """
    caller = headers.read(request.headers)
    for name in (headers.XRAY_ENVIRON, headers.W3C_ENVIRON):
        request.environ.pop(name, None)
    if request.path in OPERATIONAL_ROUTES:
        caller = TraceHeader(caller.root, None, is_sampled=False)
    _caller.set(caller)
    if caller.root and caller.parent:
        known = TraceHeader(caller.root, caller.parent, bool(caller.is_sampled))
        request.environ[headers.XRAY_ENVIRON] = str(known)


def _identify() -> None:
    """Give the span, the log lines and the answer one trace id, also when this request is not sampled."""
    g.trace_id = _identify_log_lines(request.headers.get("X-Request-Id", ""))
    annotate("version", current_app.extensions["settings"].version)
    if task_id := task.current():
        annotate("task", task_id)


def _identify_log_lines(request_id: str = "") -> str:
    context = trace.get_current_span().get_span_context()
    digits = f"{context.trace_id:032x}"
    trace_id = f"1-{digits[:8]}-{digits[8:]}"
    is_sampled = bool(context.trace_flags & TraceFlags.SAMPLED)
    logs.identify(trace_id, f"{context.span_id:016x}", request_id, is_sampled=is_sampled)
    return trace_id


def _answer_trace_id(response: Response) -> Response:
    is_sampled = logs.current().is_sampled if _caller.get().asks else None
    response.headers[headers.XRAY] = str(TraceHeader(g.trace_id, None, is_sampled))
    return response


def _record_exception(response: Response) -> Response:
    """Put the exception behind a 500 on the span: it was answered, so the instrumentation does not see it."""
    if (error := g.get("exception")) is not None:
        trace.get_current_span().record_exception(error)
    return response


def _name_callee(span: trace.Span, call: Any) -> None:
    """Name the call by its host: without that X-Ray names it by its method."""
    if span.is_recording():
        span.set_attribute("peer.service", urlsplit(call.url).hostname or "")


def _name_tables(span: trace.Span, _service: str, _operation: str, parameters: dict[str, Any]) -> None:
    """Name the table of a transaction, which the instrumentation doesn't."""
    if span.is_recording() and (tables := tables_of(parameters)):
        span.set_attribute("aws.dynamodb.table_names", sorted(tables))


def _mark_throttle(span: trace.Span, _service: str, _operation: str, result: Any) -> None:
    """X-Ray knows a throttle by the status 429; DynamoDB says it with a 400."""
    if isinstance(result, dict) and result.get("Error", {}).get("Code") in THROTTLED:
        span.set_attribute("http.status_code", 429)
