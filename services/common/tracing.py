"""X-Ray: one call sets a service up; tracing never breaks or slows a request."""

import importlib
import logging
import os
import re
import threading
import time
import traceback
from typing import Any

from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.models.traceid import TraceId
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from botocore.exceptions import ClientError
from flask import Flask, Response, current_app, g, request

from services.common import logs
from services.common.emitter import BackgroundEmitter

log = logging.getLogger(__name__)
HEADER = "X-Amzn-Trace-Id"
UNTRACED_ROUTES = ("/healthz", "/readyz", "/version", "/faults", "/openapi.json")
FIRST_RULES_WAIT_S = 1.0
_THROTTLED = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
_NAME_TABLE_ENTRIES = ("Put", "Update", "Delete", "ConditionCheck", "Get")
_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})\s*(?:;|$)")
_PARENT = re.compile(r"(?:^|;)\s*Parent=[0-9a-f]{16}\s*(?:;|$)")
# by its path, for the package has a function of the same name
botocore_patch = importlib.import_module("aws_xray_sdk.ext.botocore.patch")
_sdk_meta_processor = botocore_patch.aws_meta_processor


def init_app(app: Flask) -> None:
    """Trace this app's requests, and their calls through requests and botocore, as the segment `app.name`."""
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


def start() -> None:
    """Fetch the sampling rules before the first request comes, waiting at most a second for them.

    The SDK would fetch them after its first decision and sample 5 % until then. Called once a process.
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
    """Put an annotation on this request's segment, e.g. `order_id`."""
    segment = xray_recorder.current_segment()
    if segment is not None and segment.sampled:
        segment.put_annotation(key, value)


def record_exception(error: Exception) -> None:
    """Put an exception that became an answer on this request's segment."""
    segment = xray_recorder.current_segment()
    if segment is not None and segment.sampled:
        segment.add_exception(error, traceback.extract_tb(error.__traceback__))


def _check_header() -> None:
    """Ignore a trace header whose ids are none, and keep health checks out of the traces.

    The SDK takes any text for a root or a parent, and X-Ray would refuse the segment. It obeys a decision in
    the header before any rule, so that `Sampled=0` keeps a route out.
    """
    given = request.headers.get(HEADER, "")
    if ("Root=" in given and not _root(given)) or ("Parent=" in given and not _PARENT.search(given)):
        del request.environ["HTTP_X_AMZN_TRACE_ID"]
    if request.path in UNTRACED_ROUTES:
        root = _root(given)
        request.environ["HTTP_X_AMZN_TRACE_ID"] = (f"Root={root};" if root else "") + "Sampled=0"


def _root(header: str) -> str | None:
    found = _ROOT.search(header)
    return found[1] if found else None


def _identify() -> None:
    """One trace id for the segment, the log lines and the answer, also when this request is not sampled.

    The SDK's stand-in for an unsampled segment has a new trace id instead of the caller's, and with the SDK
    switched off there is no segment at all.
    """
    segment = xray_recorder.current_segment() if global_sdk_config.sdk_enabled() else None
    origin = segment.get_origin_trace_header() if segment is not None else None
    if segment is not None and not segment.sampled and origin is not None and origin.root:
        segment.trace_id = origin.root
    if segment is None:
        given = _root(request.headers.get(HEADER, ""))
        g.trace_id, segment_id = given or TraceId().to_id(), os.urandom(8).hex()
    else:
        g.trace_id, segment_id = segment.trace_id, segment.id
    logs.identify(g.trace_id, segment_id, request.headers.get("X-Request-Id", ""))
    annotate("version", current_app.extensions["settings"].version)


def _answer_trace_id(response: Response) -> Response:
    """With the SDK switched off its middleware answers a trace id of zeros."""
    if not global_sdk_config.sdk_enabled():
        response.headers[HEADER] = f"Root={g.trace_id}"
    return response


def _keep_asking_for_rules(sampler: Any) -> None:
    """The SDK asks again after five minutes when its first question failed; ask every ten seconds instead."""
    while sampler._cache.last_updated is None:
        time.sleep(10)
        sampler._rule_poller.wake_up()


def _describe_aws_call(
    wrapped: Any,
    instance: Any,
    args: Any,
    kwargs: Any,
    return_value: Any,
    exception: Any,
    subsegment: Any,
    stack: Any,
) -> None:
    """Add what the SDK leaves out: a transaction's table, throttles, and that 4xx is no fault."""
    _sdk_meta_processor(wrapped, instance, args, kwargs, return_value, exception, subsegment, stack)
    if not subsegment.sampled:
        return
    tables = _tables(args[1])
    if len(tables) == 1:
        subsegment.aws["table_name"] = tables.pop()
        subsegment.aws.pop("table_names", None)
    if isinstance(exception, ClientError):
        if exception.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < 500:
            del subsegment.fault
        if exception.response.get("Error", {}).get("Code") in _THROTTLED:
            subsegment.add_throttle_flag()


def _tables(parameters: dict[str, Any]) -> set[str]:
    if "RequestItems" in parameters:
        return set(parameters["RequestItems"])
    entries = parameters.get("TransactItems", ())
    return {entry[kind]["TableName"] for entry in entries for kind in _NAME_TABLE_ENTRIES if kind in entry}
