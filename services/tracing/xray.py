"""Tracing by AWS's X-Ray SDK: every workaround that it needs stands here, and no other module imports it."""

import importlib
import logging
import os
import re
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.models.traceid import TraceId
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from botocore.exceptions import ClientError
from flask import Flask, Response, current_app, g, request

from services.common import logs
from services.common.health import OPERATIONAL_ROUTES
from services.tracing.emitter import BackgroundEmitter

HEADER = "X-Amzn-Trace-Id"
FIRST_RULES_WAIT_S = 1.0
ASK_FOR_RULES_EVERY_S = 10.0
REPEATS_EVERY_S = 60.0
_THROTTLED = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
_NAME_TABLE_ENTRIES = ("Put", "Update", "Delete", "ConditionCheck", "Get")
_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})\s*(?:;|$)")
_PARENT = re.compile(r"(?:^|;)\s*Parent=[0-9a-f]{16}\s*(?:;|$)")
# by its path, for the package has a function of the same name
botocore_patch = importlib.import_module("aws_xray_sdk.ext.botocore.patch")
_sdk_meta_processor = botocore_patch.aws_meta_processor
_logged_at_s: dict[object, float] = {}  # the SDK's messages, and when each was logged last


def init_app(app: Flask) -> None:
    """Trace this app's requests, and their calls through requests and botocore, as the segment `app.name`."""
    logging.getLogger("aws_xray_sdk").setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_once_a_minute)
    xray_recorder.configure(service=app.name)
    if not isinstance(xray_recorder.emitter, BackgroundEmitter):
        xray_recorder.emitter._socket.close()
        xray_recorder.emitter = BackgroundEmitter()
    botocore_patch.aws_meta_processor = _describe_aws_call  # type: ignore[attr-defined]
    patch(("requests", "botocore"))
    app.before_request(_check_header)
    app.after_request(_answer_trace_id)  # declared before the SDK's, so that it runs after it
    XRayMiddleware(app, xray_recorder)
    app.before_request(_identify)
    app.after_request(_record_exception)


def start() -> None:
    """Fetch the sampling rules before the first request comes, waiting at most a second for them.

    The SDK would fetch them after its first decision and sample 5 % until then. Called once in each process.
    """
    if not global_sdk_config.sdk_enabled():
        return
    sampler = xray_recorder.sampler
    sampler.start()
    until = time.monotonic() + FIRST_RULES_WAIT_S
    while sampler._cache.last_updated is None and time.monotonic() < until:
        time.sleep(0.01)
    threading.Thread(target=_keep_asking_for_rules, args=(sampler,), daemon=True, name="xray-rules").start()


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


def _once_a_minute(record: logging.LogRecord) -> bool:
    """Let the SDK log a message once a minute: it reports every question that the daemon did not answer."""
    if not record.name.startswith("aws_xray_sdk"):
        return True
    if time.monotonic() - _logged_at_s.get(record.msg, -REPEATS_EVERY_S) < REPEATS_EVERY_S:
        return False
    _logged_at_s[record.msg] = time.monotonic()
    return True


def _record_exception(response: Response) -> Response:
    """Put the exception behind a 500 on the segment: it was answered, so the SDK does not see it."""
    segment, error = xray_recorder.current_segment(), g.get("exception")
    if error is not None and segment is not None and segment.sampled:
        segment.add_exception(error, traceback.extract_tb(error.__traceback__))
    return response


def _check_header() -> None:
    """Ignore a trace header whose ids are malformed, and keep operational routes out of the traces.

    The SDK takes any text for a root or a parent, and X-Ray would refuse the segment. It obeys a decision in
    the header before any rule, so that `Sampled=0` keeps a route out.
    """
    header = request.headers.get(HEADER, "")
    if ("Root=" in header and not _root(header)) or ("Parent=" in header and not _PARENT.search(header)):
        del request.environ["HTTP_X_AMZN_TRACE_ID"]
    if request.path in OPERATIONAL_ROUTES:
        root = _root(header)
        request.environ["HTTP_X_AMZN_TRACE_ID"] = (f"Root={root};" if root else "") + "Sampled=0"


def _root(header: str) -> str | None:
    match = _ROOT.search(header)
    return match[1] if match else None


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
        root = _root(request.headers.get(HEADER, ""))
        g.trace_id, segment_id = root or TraceId().to_id(), os.urandom(8).hex()
    else:
        g.trace_id, segment_id = segment.trace_id, segment.id
    is_sampled = segment is not None and segment.sampled
    logs.identify(g.trace_id, segment_id, request.headers.get("X-Request-Id", ""), is_sampled=is_sampled)
    annotate("version", current_app.extensions["settings"].version)


def _answer_trace_id(response: Response) -> Response:
    """Name the request's trace id in the answer; with the SDK switched off its middleware writes zeros."""
    if not global_sdk_config.sdk_enabled():
        response.headers[HEADER] = f"Root={g.trace_id}"
    return response


def _keep_asking_for_rules(sampler: Any) -> None:
    """Ask for the rules every ten seconds until they come; after a failure the SDK waits five minutes."""
    while sampler._cache.last_updated is None:
        time.sleep(ASK_FOR_RULES_EVERY_S)
        sampler._rule_poller.wake_up()


def _describe_aws_call(**call: Any) -> None:
    """Describe a call to AWS as the SDK does; add a transaction's table and throttles; 4xx is no fault."""
    _sdk_meta_processor(**call)
    subsegment, exception = call["subsegment"], call["exception"]
    if not subsegment.sampled:
        return
    tables = _tables(call["args"][1])
    if len(tables) == 1:
        subsegment.aws["table_name"] = tables.pop()
        subsegment.aws.pop("table_names", None)
    if isinstance(exception, ClientError):
        if exception.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < 500:
            del subsegment.fault
        if exception.response.get("Error", {}).get("Code") in _THROTTLED:
            subsegment.add_throttle_flag()


def _tables(parameters: dict[str, Any]) -> set[str]:
    """The DynamoDB tables that a batch or a transaction names."""
    if "RequestItems" in parameters:
        return set(parameters["RequestItems"])
    entries = parameters.get("TransactItems", ())
    return {entry[kind]["TableName"] for entry in entries for kind in _NAME_TABLE_ENTRIES if kind in entry}
