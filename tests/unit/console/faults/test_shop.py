"""How often, and what, the console asks the services about injected faults."""

import pytest

from console.faults import shop
from console.shared.errors import AwsError


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(shop.time, "monotonic", lambda: clock[0])
    return clock


@pytest.fixture(name="orders")
def _orders(monkeypatch):
    """What orders answers; each question is counted."""
    answers = {"asked": 0, "state": {"latency_ms": 0, "latency_share": 1.0, "error_share": 0.3}}

    def ask(_self, _service, method, _body):
        answers["asked"] += method == "GET"
        if answers["state"] is None:
            raise AwsError("orders does not answer")
        return answers["state"]

    monkeypatch.setattr(shop.Shop, "_ask", ask)
    return answers


def test_pages_ask_a_service_every_half_minute_and_the_page_of_faults_at_once(clock, orders):
    asked_shop = shop.Shop({"orders": "http://orders"})

    for clock[0] in range(1000, 1090):
        asked_shop.active_faults()
    assert orders["asked"] <= 3

    before = orders["asked"]
    asked_shop.states(fresh_s=1.0)
    asked_shop.switch("orders", {})
    asked_shop.active_faults()
    assert orders["asked"] == before + 3  # what is on beside it is read first


@pytest.mark.parametrize("state", [{"enabled": False}, None])
def test_a_service_whose_faults_are_disabled_or_that_does_not_answer_has_no_state(clock, orders, state):
    orders["state"] = state

    assert shop.Shop({"orders": "http://orders"}).states() == {"orders": None}
    assert shop.Shop({"orders": "http://orders"}).active_faults() == {}


@pytest.mark.parametrize(("state", "is_breakable"), [({"faults": []}, True), ({"enabled": False}, False)])
def test_a_shop_can_be_broken_where_a_service_bears_faults_though_none_is_on(
    clock, orders, state, is_breakable
):
    orders["state"] = state

    assert shop.Shop({"orders": "http://orders"}).is_breakable == is_breakable


def test_a_fault_that_shall_be_guessed_tells_no_service(clock, orders):
    orders["state"] = {
        "faults": [{"name": "leak", "alias": "mystery-7"}, {"name": "bad-product", "alias": ""}]
    }

    assert shop.Shop({"orders": "http://orders"}).active_faults() == {
        "orders": "bad-product",
        "mystery-7": "to be found",
    }
