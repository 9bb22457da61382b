"""Which traces of blue and green stand for their versions."""

import pytest

from console.deployment.versions import pair_of

LIST, ORDER = ("GET", "/api/products"), ("POST", "/api/orders")


def summary(call, response_s, status=200, host="127.0.0.1:8090"):
    method, path = call
    request = {"HttpMethod": method, "HttpURL": f"http://{host}{path}", "HttpStatus": status}
    flags = {"HasFault": status >= 500, "HasError": 400 <= status < 500}
    return {"Id": f"{status} in {response_s}", "ResponseTime": response_s, "Http": request, **flags}


def many(call, *responses_s, **fields):
    return [summary(call, response_s, **fields) for response_s in responses_s]


def test_a_slower_version_looks_slower_whichever_traces_are_the_newest():
    blue = [*many(ORDER, 0.3), *many(LIST, 0.05, 0.9, 0.06, 0.05, 0.07), *many(ORDER, 0.4, 0.4, 0.4, 0.4)]
    green = [*many(ORDER, 0.04, 0.4, 0.4, 0.4, 0.4), *many(LIST, 0.02, 1.6, 1.6, 1.7, 1.6)]

    pair = pair_of(blue, green)

    assert (pair.endpoint, pair.by, pair.counts) == ("GET /api/products", "median", {"blue": 5, "green": 5})
    assert [pair.traces[side]["ResponseTime"] for side in ("blue", "green")] == [0.06, 1.6]


def test_a_failing_version_shows_its_failure_and_no_expected_refusal():
    blue = [*many(ORDER, 0.1, status=409), *many(ORDER, 0.2, 0.2, 0.3, 0.2, 0.2)]
    green = [*many(ORDER, 0.1, 0.2, 0.2, 0.2, status=201), *many(ORDER, 0.15, status=500)]

    pair = pair_of(blue, green)

    assert (pair.endpoint, pair.by) == ("POST /api/orders", "worst")
    assert [pair.traces[side]["Http"]["HttpStatus"] for side in ("blue", "green")] == [200, 500]


@pytest.mark.parametrize(("by", "expected_s"), [("median", 0.2), ("worst", 0.9)])
def test_each_sides_median_or_worst_can_be_chosen(by, expected_s):
    traces = many(LIST, 0.1, 0.9, 0.2)

    assert {trace["ResponseTime"] for trace in pair_of(traces, traces, by).traces.values()} == {expected_s}


def test_orders_by_id_are_one_endpoint_of_any_host():
    blue = [summary(("GET", "/api/orders/ord-0123456789abcdef01234567"), 0.1, host="a:8090")]
    green = [summary(("GET", "/api/orders/ord-76543210fedcba9876543210"), 0.1, host="b:8091")]

    assert pair_of(blue, green).endpoint == "GET /api/orders/{id}"


def test_versions_without_a_common_endpoint_are_not_compared():
    assert pair_of(many(LIST, 0.1), many(ORDER, 0.1)) is None
    assert pair_of(many(LIST, 0.1, status=404), many(LIST, 0.1)) is None
