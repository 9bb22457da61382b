"""The price per day, computed by hand beside what the command derives."""

import json

import pytest

from infra.operations import cost
from infra.operations.errors import UsageError
from infra.template import Resource

DAY, MONTH = 24, 30.4


def total(parameters):
    return sum(line.usd_a_day for line in cost.bill(parameters))


def test_the_sum_with_endpoints_is_what_a_person_counts():
    tasks = 6 * (0.25 * 0.04048 + 0.5 * 0.004445) * DAY
    balancers = 2 * 0.0225 * DAY + 2 * 0.005 * DAY  # two, one of them with two public addresses
    endpoints = 6 * 2 * 0.01 * DAY
    # errors, latency, unanswered; failures, slowness: by metric
    alarms = 3 * (2 * 2 + 2 * 1 + 1 + 4 + 2) * 0.1 / MONTH
    dashboard_and_zone = 3 / MONTH + 0.5 / MONTH
    # a dashboard, four alarms; of three services and windows five figures and three counts, and one more
    dora = 3 / MONTH + 4 * 0.1 / MONTH + (3 * 3 * (5 + 3) + 1) * 0.3 / MONTH

    assert total({}) == pytest.approx(tasks + balancers + endpoints + alarms + dashboard_and_zone + dora)


def test_one_nat_gateway_in_place_of_the_endpoints():
    endpoints, nat = 6 * 2 * 0.01 * DAY, 0.045 * DAY + 0.005 * DAY

    assert total({"Egress": "nat"}) == pytest.approx(total({}) - endpoints + nat)


def test_a_type_without_a_price_is_an_error_that_names_it():
    cache = Resource(stack="lantern-data", name="Cache", type="AWS::ElastiCache::CacheCluster", properties={})

    with pytest.raises(
        UsageError, match=r"lantern-data\.json Cache: nobody has put a price to AWS::ElastiCache"
    ):
        cost.parts(cache)


def test_every_price_has_its_source_and_says_whether_it_was_confirmed():
    prices = json.loads(cost.PRICES.read_text())["prices"]

    assert all(price["state"] in ("confirmed", "check") for price in prices.values())
    assert all(price["source"].startswith("https://aws.amazon.com/") for price in prices.values())
    assert all(name.endswith(("_hour", "_month")) for name in prices)
