"""Ships lines to CloudWatch Logs and embedded metrics to CloudWatch, in batches and with retries.

Memory is bounded: while CloudWatch cannot be reached, lines beyond the bound are dropped as they arrive, and
counted. The lines that were accepted stay in their order.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudwatch.embedded import Malformed, Metrics, Series
from local.cloudwatch.lines import Line
from local.cloudwatch.streams import EVENT_COST_BYTES, Streams

log = logging.getLogger("local.cloudwatch")
T = TypeVar("T")

OVERHEAD_BYTES = 26  # PutLogEvents adds this to the size of each event's message
MAX_BATCH_BYTES = 1_048_576
MAX_BATCH_EVENTS = 10_000
MAX_BATCH_MS = 24 * 3600 * 1000
FLUSH_S, METRICS_S = 0.2, 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
OWN_NAMESPACE = "Lantern/Logs"
METRICS_AT_ONCE = 200
PERMANENT = (
    "InvalidParameterException",
    "ValidationException",
    "SerializationException",
    "AccessDeniedException",
)


class Queue:
    """The undelivered lines of one log group, and how many were received, delivered and dropped so far."""

    def __init__(self, group: str, streams: Streams) -> None:
        self.group, self.streams = group, streams
        self.lines: deque[Line] = deque()
        self.counts: Counter[str] = Counter()  # Received, Delivered, Dropped, Malformed
        self.published: Counter[str] = (
            Counter()
        )  # how much of the counts is in the agent's own metrics already
        self.last_ms = 0
        self.has_lines = asyncio.Event()

    def batch(self) -> list[Line]:
        """Return the next lines of one source that fit into one PutLogEvents call; they stay in the queue."""
        batch: list[Line] = []
        size = 0
        for line in self.lines:
            size += len(line.text.encode()) + OVERHEAD_BYTES
            is_full = len(batch) == MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES
            if batch and (
                is_full or line.source != batch[0].source or line.time_ms - batch[0].time_ms >= MAX_BATCH_MS
            ):
                break
            batch.append(line)
        return batch


class Shipper:
    """Accepts lines without waiting; one asyncio task for each log group delivers them."""

    def __init__(self, logs: Any, cloudwatch: Any, max_bytes: int) -> None:
        self._logs, self._cloudwatch, self._max_bytes = logs, cloudwatch, max_bytes
        self._queues: dict[str, Queue] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._metrics = Metrics()
        self._queued_bytes = 0
        self._stopping = False

    def start(self) -> None:
        """Start the task that sends metrics. Needs a running event loop."""
        self._tasks.append(asyncio.create_task(self._send_metrics()))

    def accept(self, line: Line) -> None:
        """Queue a line, or drop it when `max_bytes` are queued; count its embedded metrics either way."""
        queue = self._queue(line.group)
        queue.counts["Received"] += 1
        if "_aws" in line.fields:
            try:
                self._metrics.read(line.fields, line.time_ms)
            except Malformed as error:
                queue.counts["Malformed"] += 1
                log.debug("%s: embedded metrics: %s", line.group, error)
        size = _memory_bytes(line)
        if self._queued_bytes + size > self._max_bytes:
            self.count_dropped(line.group, 1)
            return
        # PutLogEvents refuses an event that is older than the one before; a service's threads interleave
        queue.last_ms = max(queue.last_ms, line.time_ms)
        queue.lines.append(Line(line.group, line.source, queue.last_ms, line.text, {}))
        self._queued_bytes += size
        queue.has_lines.set()

    def count_dropped(self, group: str, count: int) -> None:
        """Count lines of a log group that will not arrive, and warn at the first since the last metrics."""
        queue = self._queue(group)
        if queue.counts["Dropped"] == queue.published["Dropped"]:
            log.warning("%s: lines are being dropped; the metric Dropped counts them", group)
        queue.counts["Dropped"] += count

    def counts(self) -> dict[str, dict[str, int]]:
        """Return Received, Delivered, Dropped and Malformed lines by log group."""
        return {group: dict(queue.counts) for group, queue in self._queues.items()}

    async def stop(self, within_s: float) -> None:
        """Deliver the queued lines and the last metrics; drop what is left after `within_s` seconds."""
        self._stopping = True
        for queue in self._queues.values():
            queue.has_lines.set()
        _, late = await asyncio.wait(self._tasks, timeout=within_s) if self._tasks else (set(), set())
        for task in late:
            task.cancel()
        for queue in self._queues.values():
            if queue.lines:
                self.count_dropped(queue.group, len(queue.lines))

    def _queue(self, group: str) -> Queue:
        if group not in self._queues:
            queue = self._queues[group] = Queue(group, Streams(self._logs, group))
            self._tasks.append(asyncio.create_task(self._deliver(queue)))
        return self._queues[group]

    async def _deliver(self, queue: Queue) -> None:
        while not self._stopping or queue.lines:
            if not queue.lines:
                queue.has_lines.clear()
                await queue.has_lines.wait()
                if not self._stopping:
                    await asyncio.sleep(FLUSH_S)
                continue
            batch = queue.batch()
            delivered = await self._retry(lambda batch=batch: self._put(queue, batch))  # type: ignore[misc]
            for line in batch:
                queue.lines.popleft()
                self._queued_bytes -= _memory_bytes(line)
            queue.counts["Delivered"] += delivered or 0
            if rejected := len(batch) - (delivered or 0):
                self.count_dropped(queue.group, rejected)

    def _put(self, queue: Queue, batch: list[Line]) -> int:
        """Send a batch; return how many of its lines CloudWatch Logs has not rejected."""
        size = sum(len(line.text) + EVENT_COST_BYTES for line in batch)
        events = [{"timestamp": line.time_ms, "message": line.text} for line in batch]
        try:
            stream = queue.streams.stream(batch[0].source, size)
            answer = self._logs.put_log_events(
                logGroupName=queue.group, logStreamName=stream, logEvents=events
            )
        except self._logs.exceptions.ResourceNotFoundException:
            queue.streams.forget()
            raise
        rejected = answer.get("rejectedLogEventsInfo") or {}
        start = max(rejected.get("tooOldLogEventEndIndex", 0), rejected.get("expiredLogEventEndIndex", 0))
        return int(min(rejected.get("tooNewLogEventStartIndex", len(batch)), len(batch)) - start)

    async def _send_metrics(self) -> None:
        while not self._stopping:
            for _ in range(round(METRICS_S / 0.1)):
                if self._stopping:
                    break
                await asyncio.sleep(0.1)
            self._add_own_metrics()
            batch = self._metrics.take()
            try:
                await asyncio.to_thread(self._put_metrics, batch)
            except (BotoCoreError, ClientError) as error:
                self._metrics.add_all(batch)
                log.warning("metrics will be sent later: %s", error)

    def _add_own_metrics(self) -> None:
        now_ms = int(time.time() * 1000)
        for queue in self._queues.values():
            for name in ("Received", "Delivered", "Dropped"):
                increase = queue.counts[name] - queue.published[name]
                queue.published[name] = queue.counts[name]
                if increase:
                    series = Series(OWN_NAMESPACE, (("LogGroup", queue.group),), name, "Count")
                    self._metrics.add(series, increase, now_ms)

    def _put_metrics(self, metrics: Metrics) -> None:
        by_namespace: dict[str, list[dict[str, Any]]] = {}
        for namespace, datum in metrics.data():
            by_namespace.setdefault(namespace, []).append(datum)
        for namespace, data in by_namespace.items():
            for start in range(0, len(data), METRICS_AT_ONCE):
                self._cloudwatch.put_metric_data(
                    Namespace=namespace, MetricData=data[start : start + METRICS_AT_ONCE]
                )

    async def _retry(self, call: Callable[[], T]) -> T | None:
        """Call in a thread until it succeeds, with growing pauses; return None after a permanent error."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await asyncio.to_thread(call)
            except ClientError as error:
                if error.response["Error"].get("Code") in PERMANENT:
                    log.error("CloudWatch Logs rejects the lines: %s", error)
                    return None
            except BotoCoreError as error:
                log.warning("lines will be sent later: %s", error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _memory_bytes(line: Line) -> int:
    return len(line.text) + 200  # about what the objects around a text take
