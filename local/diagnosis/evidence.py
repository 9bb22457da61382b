"""Asks X-Ray and CloudWatch Logs for what the fingerprints look at."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.diagnosis.traces import Traces

BATCH = 5  # BatchGetTraces takes no more
MOST_TRACES = 250
MOST_LINES = 5_000
LOG_GROUPS = "/lantern/"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process wrote in its log about its memory."""

    service: str
    stream: str
    when_ms: int
    megabytes: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen in a time range."""

    traces: Traces
    memory: list[Memory]


def collect(xray: Any, logs: Any, start: float, end: float) -> Evidence:
    """Ask by boto3's clients for the range's newest traces, and for what processes say of their memory.

    Raises botocore's errors."""
    pages = xray.get_paginator("get_trace_summaries").paginate(StartTime=start, EndTime=end)
    summaries = [summary for page in pages for summary in page["TraceSummaries"]]
    newest = sorted(summaries, key=lambda summary: summary["Id"], reverse=True)[:MOST_TRACES]
    ids = [summary["Id"] for summary in newest]
    documents = [entry for entry in _documents(xray, ids) if entry[1]["start_time"] >= start]
    return Evidence(Traces.of(documents), _memory(logs, start, end))


def _documents(xray: Any, ids: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for n in range(0, len(ids), BATCH):
        for trace in xray.batch_get_traces(TraceIds=ids[n : n + BATCH])["Traces"]:
            for segment in trace["Segments"]:
                yield trace["Id"], json.loads(segment["Document"])


def _memory(logs: Any, start: float, end: float) -> list[Memory]:
    readings = []
    for group in _pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=LOG_GROUPS):
        events = _pages(
            logs,
            "filter_log_events",
            "events",
            logGroupName=group["logGroupName"],
            filterPattern='"Memory"',
            startTime=int(start * 1000),
            endTime=int(end * 1000),
        )
        for _, event in zip(range(MOST_LINES), events, strict=False):
            if reading := _reading(event):
                readings.append(reading)
    return sorted(readings, key=lambda reading: reading.when_ms)


def _reading(event: Mapping[str, Any]) -> Memory | None:
    try:
        line = json.loads(event["message"])
        value = line["Memory"]
        megabytes = float(value[0] if isinstance(value, list) else value)
        return Memory(line["service"], event.get("logStreamName", ""), event["timestamp"], megabytes)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _pages(client: Any, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
    try:
        for page in client.get_paginator(operation).paginate(**parameters):
            yield from page[key]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
