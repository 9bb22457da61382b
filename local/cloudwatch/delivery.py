"""Lines to CloudWatch Logs and metrics to CloudWatch: batched, retried, bounded, counted.

What no longer fits while CloudWatch is away is dropped, the newest first: what was taken stays in order.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudwatch.embedded import Malformed, Metrics
from local.cloudwatch.lines import Line
from local.cloudwatch.streams import EVENT_COST_BYTES, Streams

log = logging.getLogger("local.cloudwatch")
T = TypeVar("T")

OVERHEAD_BYTES = 26  # what PutLogEvents counts for an event beside its text
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
    """The lines of one group that are not delivered yet, and what became of the others."""

    def __init__(self, group: str, streams: Streams) -> None:
        self.group, self.streams = group, streams
        self.lines: deque[Line] = deque()
        self.counts: Counter[str] = Counter()  # Received, Delivered, Dropped
        self.told: Counter[str] = Counter()
        self.last_ms = 0
        self.there = asyncio.Event()

    def batch(self) -> list[Line]:
        """The next lines of one source within PutLogEvents' limits; they stay in the queue."""
        taken: list[Line] = []
        size = 0
        for line in self.lines:
            size += len(line.text.encode()) + OVERHEAD_BYTES
            over = len(taken) == MAX_BATCH_EVENTS or size > MAX_BATCH_BYTES
            if taken and (
                over or line.source != taken[0].source or line.time_ms - taken[0].time_ms >= MAX_BATCH_MS
            ):
                break
            taken.append(line)
        return taken


class Delivery:
    """Takes lines and never waits; a task for each group carries them on."""

    def __init__(self, logs: Any, cloudwatch: Any, max_bytes: int) -> None:
        self._logs, self._cloudwatch, self._max_bytes = logs, cloudwatch, max_bytes
        self._queues: dict[str, Queue] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._metrics = Metrics()
        self._held_bytes = 0
        self._stopping = False

    def start(self) -> None:
        """Begin to send metrics; needs a running event loop."""
        self._tasks.append(asyncio.create_task(self._send_metrics()))

    def accept(self, line: Line) -> None:
        """Take a line, or count it as dropped."""
        queue = self._queue(line.group)
        queue.counts["Received"] += 1
        if "_aws" in line.fields:
            try:
                self._metrics.read(line.fields, line.time_ms)
            except Malformed as error:
                queue.counts["Malformed"] += 1
                log.debug("%s: embedded metrics: %s", line.group, error)
        size = _held(line)
        if self._held_bytes + size > self._max_bytes:
            self.lost(line.group, 1)
            return
        # An event must not be older than the one before it; threads of a service may be a moment apart
        queue.last_ms = max(queue.last_ms, line.time_ms)
        queue.lines.append(Line(line.group, line.source, queue.last_ms, line.text, {}))
        self._held_bytes += size
        queue.there.set()

    def lost(self, group: str, count: int) -> None:
        """Count lines that will not arrive."""
        queue = self._queue(group)
        if queue.counts["Dropped"] == queue.told["Dropped"]:
            log.warning("%s: lines are being dropped; their number comes as the metric Dropped", group)
        queue.counts["Dropped"] += count

    def counts(self) -> dict[str, dict[str, int]]:
        """What became of the lines of each group."""
        return {group: dict(queue.counts) for group, queue in self._queues.items()}

    async def stop(self, within_s: float) -> None:
        """Deliver what is there, as far as `within_s` allows, and the last metrics."""
        self._stopping = True
        for queue in self._queues.values():
            queue.there.set()
        _, late = await asyncio.wait(self._tasks, timeout=within_s) if self._tasks else (set(), set())
        for task in late:
            task.cancel()
        for queue in self._queues.values():
            self.lost(queue.group, len(queue.lines)) if queue.lines else None

    def _queue(self, group: str) -> Queue:
        if group not in self._queues:
            queue = self._queues[group] = Queue(group, Streams(self._logs, group))
            self._tasks.append(asyncio.create_task(self._deliver(queue)))
        return self._queues[group]

    async def _deliver(self, queue: Queue) -> None:
        while not self._stopping or queue.lines:
            if not queue.lines:
                queue.there.clear()
                await queue.there.wait()
                if not self._stopping:
                    await asyncio.sleep(FLUSH_S)
                continue
            batch = queue.batch()
            delivered = await self._patiently(lambda batch=batch: self._put(queue, batch))  # type: ignore[misc]
            for line in batch:
                queue.lines.popleft()
                self._held_bytes -= _held(line)
            queue.counts["Delivered"] += delivered or 0
            if lost := len(batch) - (delivered or 0):
                self.lost(queue.group, lost)

    def _put(self, queue: Queue, batch: list[Line]) -> int:
        """Send a batch; returns how many lines were taken."""
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
        refused = answer.get("rejectedLogEventsInfo") or {}
        first = max(refused.get("tooOldLogEventEndIndex", 0), refused.get("expiredLogEventEndIndex", 0))
        return int(min(refused.get("tooNewLogEventStartIndex", len(batch)), len(batch)) - first)

    async def _send_metrics(self) -> None:
        while not self._stopping:
            for _ in range(round(METRICS_S / 0.1)):
                if self._stopping:
                    break
                await asyncio.sleep(0.1)
            self._count_ourselves()
            taken = self._metrics.take()
            try:
                await asyncio.to_thread(self._put_metrics, taken)
            except (BotoCoreError, ClientError) as error:
                self._metrics.give_back(taken)
                log.warning("metrics wait: %s", error)

    def _count_ourselves(self) -> None:
        now_ms = int(time.time() * 1000)
        for queue in self._queues.values():
            for name in ("Received", "Delivered", "Dropped"):
                new = queue.counts[name] - queue.told[name]
                queue.told[name] = queue.counts[name]
                if new:
                    self._metrics.add(OWN_NAMESPACE, (("LogGroup", queue.group),), name, "Count", new, now_ms)

    def _put_metrics(self, taken: Metrics) -> None:
        by_namespace: dict[str, list[dict[str, Any]]] = {}
        for namespace, datum in taken.data():
            by_namespace.setdefault(namespace, []).append(datum)
        for namespace, data in by_namespace.items():
            for start in range(0, len(data), METRICS_AT_ONCE):
                self._cloudwatch.put_metric_data(
                    Namespace=namespace, MetricData=data[start : start + METRICS_AT_ONCE]
                )

    async def _patiently(self, call: Callable[[], T]) -> T | None:
        """Call in a thread until it succeeds; None when CloudWatch says that it never will."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                return await asyncio.to_thread(call)
            except ClientError as error:
                if error.response["Error"].get("Code") in PERMANENT:
                    log.error("lines are refused: %s", error)
                    return None
            except BotoCoreError as error:
                log.warning("lines wait: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _held(line: Line) -> int:
    return len(line.text) + 200
