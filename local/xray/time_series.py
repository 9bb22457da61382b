"""Statistics over time: buckets by the time of receipt, each named by its end, the newest first."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from local.xray.graph_events import Event
from local.xray.statistics import Statistics

PERIODS_S = (60, 300)


def series(
    received: Iterable[tuple[float, list[Event]]],
    period_s: int,
    wanted: Callable[[Event], bool],
    *,
    of_edge: bool,
) -> list[dict[str, Any]]:
    """TimeSeriesServiceStatistics of the wanted events, from (time of receipt, events) of each trace."""
    buckets: dict[int, Statistics] = defaultdict(Statistics)
    for received_s, events in received:
        end_s = (math.floor(received_s / period_s) + 1) * period_s
        for event in events:
            if wanted(event):
                buckets[end_s].add(event.outcome, event.took_ms)
    name = "EdgeSummaryStatistics" if of_edge else "ServiceSummaryStatistics"
    return [
        {
            "Timestamp": end_s,
            name: statistics.summary(),
            "ServiceForecastStatistics": {},
            "ResponseTimeHistogram": statistics.bars(),
        }
        for end_s, statistics in sorted(buckets.items(), reverse=True)
    ]
