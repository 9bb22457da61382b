"""Orders through the real services and the real DynamoDB engine."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

RUSH = 500
STOCK = 100


def test_an_order_takes_stock_and_is_there_afterwards(shop):
    sku = shop.add_product("lantern-to-buy", 5, price=1990)

    placed = shop.order(sku, "order-that-is-placed", 2)

    order = placed.json()
    assert placed.status_code == 201
    assert (order["status"], order["total"], order["currency"]) == ("confirmed", 3980, "EUR")
    assert order["items"] == [
        {"sku": sku, "name": sku, "quantity": 2, "unit_price": 1990, "line_total": 3980}
    ]
    assert requests.get(f"{shop.url}/api/orders/{order['order_id']}", timeout=5).json() == order
    assert requests.get(f"{shop['orders'].url}/orders/{order['order_id']}", timeout=5).json() == order
    assert shop.stock(sku) == 3


def test_a_replay_answers_200_with_the_same_body_and_takes_nothing(shop):
    sku = shop.add_product("lantern-replayed", 5)

    first, again = shop.order(sku, "order-replayed"), shop.order(sku, "order-replayed")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert shop.stock(sku) == 4


def test_a_key_with_another_body_is_422_and_changes_nothing(shop):
    sku = shop.add_product("lantern-key-reused", 5)
    shop.order(sku, "order-key-reused", 1)

    again = shop.order(sku, "order-key-reused", 2)

    assert again.status_code == 422
    assert "Idempotency-Key" in again.json()["detail"]
    assert shop.stock(sku) == 4


def test_short_stock_is_409_names_the_line_and_leaves_no_row(shop):
    sku = shop.add_product("lantern-nearly-gone", 1)

    refused = shop.order(sku, "order-too-many", 2)

    assert refused.status_code == 409
    assert refused.json()["errors"] == [
        {"field": "items[0].quantity", "message": f"1 left of {sku}, 2 wanted"}
    ]
    assert shop.stock(sku) == 1
    assert shop.rows(sku) == []


def test_an_order_of_several_lanterns_takes_all_or_nothing(shop):
    plenty, scarce = shop.add_product("lantern-plenty", 10), shop.add_product("lantern-scarce", 1)
    basket = {"items": [{"sku": plenty, "quantity": 3}, {"sku": scarce, "quantity": 2}]}

    refused = requests.post(
        f"{shop.url}/api/orders", json=basket, headers={"Idempotency-Key": "order-all-or-nothing"}, timeout=10
    )

    assert refused.status_code == 409
    assert (shop.stock(plenty), shop.stock(scarce)) == (10, 1)


def test_orders_are_listed_newest_first(shop):
    sku = shop.add_product("lantern-listed", 5)
    placed = [shop.order(sku, f"order-listed-{n}").json()["order_id"] for n in range(3)]

    listed = requests.get(f"{shop['orders'].url}/orders?limit=3", timeout=5).json()["orders"]

    assert [order["order_id"] for order in listed] == placed[::-1]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "ten", "1.5", ""])
def test_a_wrong_limit_is_400_and_named(shop, limit):
    refused = requests.get(f"{shop['orders'].url}/orders?limit={limit}", timeout=5)

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "limit"


def test_500_at_once_for_100_lanterns_sell_exactly_100_and_a_replay_changes_nothing(shop):
    sku = shop.add_product("lantern-in-a-rush", STOCK)

    def order(n):  # an answer that is kept keeps its connection open, and a service takes 1,000 of them
        answer = shop.order(sku, f"order-in-a-rush-{n}")
        return answer.status_code, answer.json()

    def rush():
        with ThreadPoolExecutor(RUSH) as pool:
            return list(pool.map(order, range(RUSH)))

    answers = rush()
    assert Counter(status for status, _ in answers) == {201: STOCK, 409: RUSH - STOCK}
    assert (shop.stock(sku), len(shop.rows(sku))) == (0, STOCK)

    again = rush()
    assert Counter(status for status, _ in again) == {200: STOCK, 409: RUSH - STOCK}
    assert (shop.stock(sku), len(shop.rows(sku))) == (0, STOCK)
    confirmed = [order for status, order in answers if status == 201]
    assert [order for status, order in again if status == 200] == confirmed


def test_the_same_key_ten_times_at_once_makes_one_order(shop):
    sku = shop.add_product("lantern-double-clicked", 5)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shop.order(sku, "order-double-clicked"), range(10)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 9}
    assert len({answer.text for answer in answers}) == 1
    assert shop.stock(sku) == 4


def test_a_reservation_is_given_back_once_and_never_made_again(shop):
    sku = shop.add_product("lantern-reserved", 5)
    url = f"{shop['catalog'].url}/reservations/reservation-of-a-test"
    basket = {"items": [{"sku": sku, "quantity": 2}]}

    made, repeated = requests.put(url, json=basket, timeout=5), requests.put(url, json=basket, timeout=5)
    assert (made.status_code, repeated.status_code, made.json()) == (201, 200, repeated.json())
    assert shop.stock(sku) == 3

    assert [requests.delete(url, timeout=5).status_code for _ in range(2)] == [204, 204]
    assert shop.stock(sku) == 5

    late = requests.put(url, json=basket, timeout=5)
    assert (late.status_code, late.json()["type"]) == (409, "urn:problem:reservation-released")
    assert shop.stock(sku) == 5


def test_a_reservation_that_was_never_made_is_refused_after_its_release(shop):
    sku = shop.add_product("lantern-released-first", 5)
    url = f"{shop['catalog'].url}/reservations/released-before-made"

    assert requests.delete(url, timeout=5).status_code == 204
    late = requests.put(url, json={"items": [{"sku": sku, "quantity": 2}]}, timeout=5)

    assert late.status_code == 409
    assert shop.stock(sku) == 5


def test_giving_back_a_lantern_that_is_no_longer_sold_gives_back_the_others(shop):
    sold, withdrawn = shop.add_product("lantern-still-sold", 5), shop.add_product("lantern-withdrawn", 5)
    url = f"{shop['catalog'].url}/reservations/partly-withdrawn"
    requests.put(
        url, json={"items": [{"sku": withdrawn, "quantity": 1}, {"sku": sold, "quantity": 1}]}, timeout=5
    )
    shop.client("dynamodb").delete_item(TableName="lantern-products", Key={"sku": {"S": withdrawn}})

    assert requests.delete(url, timeout=5).status_code == 204

    assert shop.stock(sold) == 5
    assert requests.get(f"{shop['catalog'].url}/products/{withdrawn}", timeout=5).status_code == 404


def test_seeding_again_keeps_what_was_sold(shop):
    import subprocess
    import sys

    from tests.shop import ROOT

    shop.order("copper-dome-lantern", "order-before-seeding")
    left = shop.stock("copper-dome-lantern")

    subprocess.run(
        [sys.executable, "-m", "services.catalog.seed"], cwd=ROOT, env=shop["catalog"].environ, check=True
    )

    assert shop.stock("copper-dome-lantern") == left
    assert len(requests.get(f"{shop.url}/api/products", timeout=5).json()["products"]) >= 12
