"""Tracing by AWS's X-Ray SDK: every workaround that it needs stands here, and no other module imports it."""

import importlib
import os
import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.models.entity import Entity
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from botocore.exceptions import ClientError
from flask import Flask, Response, current_app, g, request

from services.common import logs, task
from services.common.health import OPERATIONAL_ROUTES
from services.tracing import headers, quiet, rules
from services.tracing.aws_calls import THROTTLED, tables_of
from services.tracing.emitter import BackgroundEmitter
from services.tracing.headers import TraceHeader

# by its path, for the package has a function of the same name
botocore_patch = importlib.import_module("aws_xray_sdk.ext.botocore.patch")
requests_patch = importlib.import_module("aws_xray_sdk.ext.requests.patch")
_sdk_meta_processor = botocore_patch.aws_meta_processor
_sdk_inject_trace_header = requests_patch.inject_trace_header


def init_app(app: Flask) -> None:
    """Trace this app's requests, and their calls through requests and botocore, as the segment `app.name`."""
    quiet.init_app()
    xray_recorder.configure(service=app.name)
    if not isinstance(xray_recorder.emitter, BackgroundEmitter):
        xray_recorder.emitter._socket.close()
        xray_recorder.emitter = BackgroundEmitter()
    xray_recorder._aws_metadata = _SdkDescription(xray_recorder._aws_metadata)
    Entity._generate_random_id = _random_id
    botocore_patch.aws_meta_processor = _describe_aws_call  # type: ignore[attr-defined]
    requests_patch.inject_trace_header = _send_both_headers  # type: ignore[attr-defined]
    patch(("requests", "botocore"))
    app.before_request(_check_header)
    app.after_request(_answer_trace_id)  # declared before the SDK's, so that it runs after it
    XRayMiddleware(app, xray_recorder)
    app.before_request(_identify)
    app.after_request(_record_exception)


def start() -> None:
    """Fetch the sampling rules before the first request comes. Called once in each process."""
    if global_sdk_config.sdk_enabled():
        rules.fetch(xray_recorder.sampler)


def annotate(key: str, value: str) -> None:
    """Put an annotation, e.g. `order_id`, on the segment of the present request."""
    segment = xray_recorder.current_segment()
    if segment is not None and segment.sampled:
        segment.put_annotation(key, value)


@contextmanager
def background_segment(name: str, **annotations: str) -> Iterator[None]:
    """Trace work that no request asked for, e.g. a clean-up, as a segment with these annotations."""
    with xray_recorder.in_segment(name) as segment:
        logs.identify(segment.trace_id, segment.id, is_sampled=segment.sampled)
        for key, value in annotations.items():
            segment.put_annotation(key, value)
        try:
            yield
        finally:
            logs.forget()


@contextmanager
def untraced() -> Iterator[None]:
    """Keep work that no request asked for out of the traces, e.g. looking for something to clean up."""
    with xray_recorder.in_segment("untraced", sampling=0):
        yield


class _SdkDescription(dict[str, Any]):
    """Name and version of the SDK, of which each segment gets a copy: the SDK's deep one is slow."""

    def __deepcopy__(self, memo: Any) -> dict[str, Any]:
        return {key: dict(value) if isinstance(value, dict) else value for key, value in self.items()}


def _random_id(_entity: Any) -> str:
    """An id as OpenTelemetry draws them: the kernel's random numbers cost a switch to another thread each."""
    return f"{random.getrandbits(64):016x}"


def _record_exception(response: Response) -> Response:
    """Put the exception behind a 500 on the segment: it was answered, so the SDK does not see it."""
    segment, error = xray_recorder.current_segment(), g.get("exception")
    if error is not None and segment is not None and segment.sampled:
        segment.add_exception(error, traceback.extract_tb(error.__traceback__))
    return response


def _check_header() -> None:
    """Give the SDK one well-formed header of the two, and keep operational routes out of the traces.

    The SDK takes any text for a root or a parent, and X-Ray would refuse the segment. It obeys a decision in
    the header before any rule, so that `Sampled=0` keeps a route out.
    """
    caller = headers.read(request.headers)
    if request.path in OPERATIONAL_ROUTES:
        caller = TraceHeader(caller.root, None, is_sampled=False)
    request.environ.pop(headers.XRAY_ENVIRON, None)
    if caller != TraceHeader():
        request.environ[headers.XRAY_ENVIRON] = str(caller)


def _send_both_headers(outgoing: Any, subsegment: Any) -> None:
    """Add W3C's header to the one that the SDK sends, for a callee that reads no other."""
    _sdk_inject_trace_header(outgoing, subsegment)
    if subsegment is not None and (sent := headers.read(outgoing)).root and sent.parent:
        outgoing[headers.W3C] = headers.traceparent(sent.root, sent.parent, is_sampled=bool(sent.is_sampled))


def _identify() -> None:
    """Give the segment, the log lines and the answer one trace id, also when this request is not sampled.

    The SDK's stand-in for an unsampled segment has a new trace id instead of the caller's, and with the SDK
    switched off there is no segment at all.
    """
    segment = xray_recorder.current_segment() if global_sdk_config.sdk_enabled() else None
    origin = segment.get_origin_trace_header() if segment is not None else None
    if segment is not None and not segment.sampled and origin is not None and origin.root:
        segment.trace_id = origin.root
    if segment is None:
        root = headers.read(request.headers).root
        g.trace_id, segment_id = root or headers.new_trace_id(), os.urandom(8).hex()
    else:
        g.trace_id, segment_id = segment.trace_id, segment.id
    is_sampled = segment is not None and segment.sampled
    logs.identify(g.trace_id, segment_id, request.headers.get("X-Request-Id", ""), is_sampled=is_sampled)
    annotate("version", current_app.extensions["settings"].version)
    if task_id := task.current():
        annotate("task", task_id)


def _answer_trace_id(response: Response) -> Response:
    """Name the request's trace id in the answer; with the SDK switched off its middleware writes zeros."""
    if not global_sdk_config.sdk_enabled():
        response.headers[headers.XRAY] = f"Root={g.trace_id}"
    return response


def _describe_aws_call(**call: Any) -> None:
    """Describe a call to AWS as the SDK does; add a transaction's table and throttles; 4xx is no fault."""
    _sdk_meta_processor(**call)
    subsegment, exception = call["subsegment"], call["exception"]
    if not subsegment.sampled:
        return
    tables = tables_of(call["args"][1])
    if len(tables) == 1:
        subsegment.aws["table_name"] = tables.pop()
        subsegment.aws.pop("table_names", None)
    if isinstance(exception, ClientError):
        if exception.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < 500:
            del subsegment.fault
        if exception.response.get("Error", {}).get("Code") in THROTTLED:
            subsegment.add_throttle_flag()
