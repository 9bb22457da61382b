"""Sends spans to the log group aws/spans of the local AWS, from one thread.

Memory is bounded: while CloudWatch Logs can't be reached, spans beyond the bound are dropped as they arrive,
and counted. That it can't be reached is logged once, and that it can be again.
"""

import contextlib
import itertools
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from local.awsapi.errors import InvalidRequestException
from local.xray.segment_spans import spans_of
from local.xray.segments import ReceivedDocument

log = logging.getLogger(__name__)

GROUP = "aws/spans"
X_RAY = "xray.amazonaws.com"
QUEUE_BYTES = 16 * 1024 * 1024
COLLECT_S, IDLE_S = 0.2, 1.0
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
MAX_BATCH_EVENTS, MAX_BATCH_BYTES, OVERHEAD_BYTES = 10_000, 1_048_576, 26
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
# MiniStack keeps all events in memory: the oldest streams are deleted
ROLL_BYTES, KEPT_STREAMS = 8_000_000, 6
STOP_S = 2.0

Entry = tuple[int, bytes, bool]  # when it was received (epoch ms), the JSON, whether that is a document


class SpanLog:
    """Takes spans while `is_open`; `connect` makes a client of CloudWatch Logs, None where there is none.

    Counts spans sent and dropped.
    """

    def __init__(self, connect: Callable[[], Any] | None) -> None:
        self._connect, self._logs = connect, None
        self._queue: queue.Queue[Entry] = queue.Queue()
        self._put_bytes = self._taken_bytes = 0  # the first changed under the lock, the second by the thread
        self._put_lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._stream, self._stream_bytes, self._numbers = "", 0, itertools.count(1)
        self._streams: list[str] = []
        self.is_open, self.sent, self.dropped = False, 0, 0

    def prepare(self) -> None:
        """Make the log group. Raises InvalidRequestException where X-Ray may not write into it, as on AWS."""
        if self._connect is None:
            raise InvalidRequestException(
                "The local X-Ray was started without AWS_ENDPOINT_URL: it knows no CloudWatch Logs"
            )
        try:
            policies = self._client().describe_resource_policies()["resourcePolicies"]
            if not any(_lets_x_ray_write(policy.get("policyDocument")) for policy in policies):
                raise InvalidRequestException(
                    f"XRay does not have permission to call PutLogEvents on the {GROUP} Log Group"
                )
            _make_group(self._client())
        except (BotoCoreError, ClientError) as error:
            raise InvalidRequestException(
                f"CloudWatch Logs of the local AWS doesn't answer: {error}"
            ) from None

    def open(self) -> None:
        """Take spans from now on."""
        self.is_open = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="span-log", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Take no more; what was taken is sent."""
        self.is_open = False

    def stop(self) -> None:
        """Send what was taken, for STOP_S at most."""
        self.is_open = False
        self._stopping.set()
        if self._thread:
            self._thread.join(STOP_S)

    def put_documents(self, documents: Iterable[ReceivedDocument]) -> None:
        """Take the spans of these documents, but those that were spans when they came."""
        if self.is_open:
            bodies = (document.body for document in documents if not document.is_of_span)
            self._put(bodies, is_document=True)

    def put_spans(self, spans: Iterable[bytes]) -> None:
        """Take spans, given as JSON in the form of the log group."""
        if self.is_open:
            self._put(spans, is_document=False)

    def _put(self, bodies: Iterable[bytes], *, is_document: bool) -> None:
        now_ms = int(time.time() * 1000)
        for body in bodies:
            with self._put_lock:
                if self._put_bytes - self._taken_bytes > QUEUE_BYTES:
                    self.dropped += 1
                    continue
                self._put_bytes += len(body)
            self._queue.put((now_ms, body, is_document))

    def _client(self) -> Any:
        if self._logs is None and self._connect:
            self._logs = self._connect()
        return self._logs

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._queue.empty()):
            events = self._collect()
            for batch in _batches(events):
                self._deliver(batch)

    def _collect(self) -> list[dict[str, Any]]:
        """The events of what arrives within COLLECT_S of the first; a full batch ends it."""
        events: list[dict[str, Any]] = []
        wait_s, size, ends_at = IDLE_S, 0, time.monotonic() + IDLE_S
        while size < MAX_BATCH_BYTES:
            try:
                time_ms, body, is_document = self._queue.get(timeout=wait_s)
            except queue.Empty:
                break
            ends_at = ends_at if events else time.monotonic() + COLLECT_S
            wait_s = max(0.0, ends_at - time.monotonic())
            self._taken_bytes += len(body)
            size += len(body)
            for message in _messages(body) if is_document else [body]:
                events.append({"timestamp": time_ms, "message": message.decode()})
        return events

    def _deliver(self, batch: list[dict[str, Any]]) -> None:
        """Send a batch, with growing pauses; dropped when it is refused, or the process ends meanwhile."""
        pause_s, has_failed = FIRST_PAUSE_S, False
        while True:
            try:
                self._send(batch)
            except (BotoCoreError, ClientError) as error:
                if not has_failed:
                    log.warning("spans wait for %s: %s", GROUP, error)
                has_failed = True
                self._stream = ""  # it, or its group, may be gone
                if _is_refusal(error) or self._stopping.wait(pause_s):
                    self.dropped += len(batch)
                    return
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                if has_failed:
                    log.warning("%s takes spans again", GROUP)
                self.sent += len(batch)
                return

    def _send(self, batch: list[dict[str, Any]]) -> None:
        logs = self._client()
        size = sum(len(event["message"]) for event in batch)
        if not self._stream or self._stream_bytes > ROLL_BYTES:
            self._stream, self._stream_bytes = self._next_stream(logs), 0
        logs.put_log_events(logGroupName=GROUP, logStreamName=self._stream, logEvents=batch)
        self._stream_bytes += size

    def _next_stream(self, logs: Any) -> str:
        _make_group(logs)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"default/{stamp}-{next(self._numbers):04d}"
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
        self._streams.append(name)
        while len(self._streams) > KEPT_STREAMS:
            with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
                logs.delete_log_stream(logGroupName=GROUP, logStreamName=self._streams[0])
            self._streams.pop(0)
        return name


def _make_group(logs: Any) -> None:
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=GROUP)


def _messages(body: bytes) -> list[bytes]:
    """The spans of a segment document, as JSON."""
    try:
        return [orjson.dumps(span) for span in spans_of(orjson.loads(body))]
    except Exception:  # a document that nobody thought of: logged, and the next one is read
        log.exception("a document can't be converted to spans")
        return []


def _batches(events: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """The events in batches that PutLogEvents takes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        cost = len(event["message"].encode()) + OVERHEAD_BYTES
        if batch and (size + cost > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += cost
    if batch:
        yield batch


def _is_refusal(error: Exception) -> bool:
    """Whether trying again is of no use."""
    code = error.response["Error"].get("Code") if isinstance(error, ClientError) else ""
    return code in ("InvalidParameterException", "ValidationException", "SerializationException")


def _lets_x_ray_write(document: Any) -> bool:
    """Whether a policy of CloudWatch Logs allows logs:PutLogEvents to X-Ray's own principal."""
    try:
        statements = json.loads(document)["Statement"]
    except (TypeError, ValueError, KeyError):
        return False
    statements = statements if isinstance(statements, list) else [statements]
    return any(
        isinstance(statement, dict)
        and statement.get("Effect") == "Allow"
        and X_RAY in _texts((statement.get("Principal") or {}).get("Service"))
        and not {"logs:PutLogEvents", "logs:*", "*"}.isdisjoint(_texts(statement.get("Action")))
        and any(GROUP in resource or resource == "*" for resource in _texts(statement.get("Resource")))
        for statement in statements
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]
