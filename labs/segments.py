"""Traces as X-Ray answers them, read into segments."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.diagnosis.traces import Step, Traces

BATCH = 5  # BatchGetTraces takes no more
MOST = 250

Segment = Step


def read(xray: Any, since: float, expression: str = "") -> Traces:
    """The newest traces since a moment that a filter expression matches. Raises botocore's errors."""
    ids = trace_ids(xray, since, expression)[:MOST]
    return Traces.of((id_, document) for id_, document in documents(xray, ids) if _began(document) >= since)


def trace_ids(xray: Any, since: float, expression: str = "") -> list[str]:
    """The ids of the traces since a moment, newest first. Raises botocore's errors."""
    parameters: dict[str, Any] = {"StartTime": math.floor(since), "EndTime": math.ceil(time.time()) + 1}
    if expression:
        parameters["FilterExpression"] = expression
    pages = xray.get_paginator("get_trace_summaries").paginate(**parameters)
    summaries = [summary for page in pages for summary in page["TraceSummaries"]]
    return sorted((summary["Id"] for summary in summaries), reverse=True)


def documents(xray: Any, ids: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The segments' documents of these traces, each with its trace's id."""
    for n in range(0, len(ids), BATCH):
        for trace in xray.batch_get_traces(TraceIds=ids[n : n + BATCH])["Traces"]:
            for segment in trace["Segments"]:
                yield trace["Id"], json.loads(segment["Document"])


def of_trace(xray: Any, trace_id: str) -> Traces:
    """The segments of one trace, none where X-Ray has it not."""
    return Traces.of(documents(xray, [trace_id]))


def roots(traces: Traces) -> list[Segment]:
    """The segments that begin a trace, newest first."""
    segments = [segment for segment in traces.segments if "parent_id" not in segment.document]
    return sorted(segments, key=lambda segment: segment.start, reverse=True)


def _began(document: Mapping[str, Any]) -> float:
    return float(document["start_time"])
