"""Statistics over time. A bucket holds what was received in a period and is named by the period's end."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from local.xray.graph_events import GraphEvent
from local.xray.statistics import Statistics

PERIODS_S = (60, 300)


def time_series(
    received: Iterable[tuple[float, list[GraphEvent]]],
    period_s: int,
    counts: Callable[[GraphEvent], bool],
    *,
    is_edge: bool,
) -> list[dict[str, Any]]:
    """TimeSeriesServiceStatistics, newest first, from the time of receipt and the events of each trace.

    `counts` tells which events count, and `is_edge` whether they are those of an edge or of a service.
    """
    buckets: dict[int, Statistics] = defaultdict(Statistics)
    for received_s, events in received:
        end_s = (math.floor(received_s / period_s) + 1) * period_s
        for event in events:
            if counts(event):
                buckets[end_s].add(event.status, event.took_ms)
    name = "EdgeSummaryStatistics" if is_edge else "ServiceSummaryStatistics"
    return [
        {
            "Timestamp": end_s,
            name: statistics.summary(),
            "ServiceForecastStatistics": {},
            "ResponseTimeHistogram": statistics.histogram(),
        }
        for end_s, statistics in sorted(buckets.items(), reverse=True)
    ]
