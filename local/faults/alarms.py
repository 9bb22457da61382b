"""What the templates' alarms about services would have noticed of a fault, by the shop's access lines.

The shop on a laptop has no load balancer in front of each service: an access line counts as a request to the
service's target group. As in a rehearsal, a minute of the alarms passes in a second.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.pipeline.architecture import Architecture, full_name, read
from local.pipeline.clock import Clock
from local.pipeline.cloudwatch.alarms import SETTLE_S, evaluate_alarm
from local.pipeline.cloudwatch.metrics import Metrics, Sample

SERVICES = ("storefront", "catalog", "orders")
KINDS = ("failures", "slowness")  # infra/constructs/observability/service_alarms.py
CLOCK = Clock(60)
LOG_GROUPS = "/lantern/"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a service has answered."""

    service: str
    sample: Sample


@dataclass(frozen=True, slots=True)
class Ringing:
    """An alarm that went off, and how long after the beginning."""

    alarm: str
    after_s: float


def requests_between(logs: Any, start_s: float, end_s: float) -> list[Request]:
    """Read the services' access lines from CloudWatch Logs, oldest first. Raises botocore's errors."""
    requests = []
    for service in SERVICES:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=LOG_GROUPS + service,
            filterPattern='"duration_ms"',
            startTime=int(start_s * 1000),
            endTime=int(end_s * 1000),
        )
        requests += [
            request for page in pages for event in page["events"] if (request := _request(event["message"]))
        ]
    return sorted(requests, key=lambda request: request.sample.at)


def ringing(requests: Iterable[Request], start_s: float, end_s: float) -> list[Ringing]:
    """The alarms that went off between start and end, each once, in the order in which they did."""
    architecture, metrics, rang = read(), Metrics(CLOCK), dict[str, Ringing]()
    alarms = [architecture.alarms[f"lantern-{service}-{kind}"] for service in SERVICES for kind in KINDS]
    pending = list(requests)
    for now in _seconds(start_s, end_s):
        while pending and pending[0].sample.at <= now:
            request = pending.pop(0)
            metrics.add_sample(_full_names(architecture, request.service), request.sample)
        for alarm in alarms:
            name = alarm["AlarmName"]
            if name not in rang and evaluate_alarm(alarm, metrics, CLOCK, now + SETTLE_S).value == "ALARM":
                rang[name] = Ringing(name, now - start_s)
    return list(rang.values())


def _seconds(start_s: float, end_s: float) -> Iterator[float]:
    now = start_s
    while now < end_s:
        now += CLOCK.real_s(60)
        yield now


def _full_names(architecture: Architecture, service: str) -> tuple[str, str]:
    """The target group of a service's traffic, and its load balancer."""
    group = architecture.groups[service]
    return group.blue.full_name, full_name("app", group.production.balancer)


def _request(message: str) -> Request | None:
    try:
        line = json.loads(message)
        ended = datetime.fromisoformat(line["timestamp"]).timestamp()
        sample = Sample(ended, int(line["status"]), answered=True, response_s=line["duration_ms"] / 1000)
        return Request(line["service"], sample)
    except (ValueError, KeyError, TypeError):
        return None
