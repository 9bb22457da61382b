"""Which of the templates' alarms go off, and when, by the access lines of a shop."""

import json
from datetime import UTC, datetime

import pytest

from local.faults.alarms import requests_between, ringing

BEGAN = 1_790_000_000.0
SECONDS = 20


class Logs:
    """CloudWatch Logs with ten access lines a second of each service; `broken` says what they are."""

    def __init__(self, **broken):
        self.broken = broken

    def get_paginator(self, _operation):
        return self

    def paginate(self, logGroupName, **_):
        service = logGroupName.rpartition("/")[2]
        fields = {"service": service, "status": 200, "duration_ms": 12.5, **self.broken.get(service, {})}
        yield {"events": [{"message": "Booting worker"}]}
        for n in range(SECONDS * 10):
            when = datetime.fromtimestamp(BEGAN + n / 10, UTC).isoformat()
            yield {"events": [{"message": json.dumps({"timestamp": when, **fields})}]}


@pytest.mark.parametrize(
    ("broken", "alarms"),
    [
        ({}, []),
        ({"catalog": {"status": 500}}, ["lantern-catalog-failures"]),
        ({"orders": {"duration_ms": 1600}}, ["lantern-orders-slowness"]),
        ({"catalog": {"status": 404}}, []),
    ],
)
def test_an_alarm_goes_off_once_five_of_ten_minutes_are_bad(broken, alarms):
    requests = requests_between(Logs(**broken), BEGAN, BEGAN + SECONDS)

    rang = ringing(requests, BEGAN, BEGAN + SECONDS)

    assert [entry.alarm for entry in rang] == alarms
    assert all(5 <= entry.after_s <= 7 for entry in rang)
