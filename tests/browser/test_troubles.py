"""What the page says and keeps when something is down, short or slow."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visits
from tests.browser.harness import Backend
from tests.browser.steps import (
    BRASS,
    MOON,
    SOUK,
    add,
    basket,
    card,
    place_order,
    problem,
    quantity,
    receipt,
    retry,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("chromium")
LINE = {"sku": "brass-storm-lantern", "name": BRASS, "price": 8900, "currency": "EUR", "quantity": 2}
STORED = json.dumps({"lines": [LINE], "key": ""})
WITH_BRASS = f"localStorage.setItem('lantern.basket', {json.dumps(STORED)})"


def test_without_the_catalog_the_page_says_so_and_keeps_the_basket(
    visit: Visits, storefronts: Callable[..., str]
) -> None:
    page = visit(storefronts(missing=("catalog",)), init=WITH_BRASS)

    expect(page.get_by_role("main")).to_contain_text("The catalog service does not answer")
    expect(page.get_by_role("link", name="Try again")).to_have_attribute("href", "/")
    expect(page.get_by_role("button", name="Add to basket")).to_have_count(0)
    expect(basket(page)).to_contain_text("€178.00")
    expect(basket(page).get_by_role("button", name="Place order")).to_be_disabled()


def test_without_orders_the_shelf_is_there_and_buying_is_paused_with_the_reason(
    visit: Visits, storefronts: Callable[..., str], backend: Backend
) -> None:
    page = visit(storefronts(missing=("orders",)))

    add(page, MOON)

    button = basket(page).get_by_role("button", name="Place order")
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description("Paused: the orders service does not answer.")
    expect(page.get_by_role("heading", name="Buying is paused")).to_be_visible()


def test_without_both_the_page_names_both(visit: Visits, storefronts: Callable[..., str]) -> None:
    page = visit(storefronts(missing=("catalog", "orders")))

    expect(page.get_by_role("region", name="The shelf is out of sight")).to_contain_text(
        "orders service does not answer either"
    )


def test_a_retry_after_503_is_the_same_order(visit: Visits, storefront: str, backend: Backend) -> None:
    visit.expect_trouble("503")
    backend.refuse_next(503, "A dependency does not answer", "catalog does not answer; try again in 1 s")
    page = visit(storefront)
    add(page, MOON)
    place_order(page)
    expect(problem(page)).to_contain_text("catalog does not answer")
    expect(problem(page).get_by_role("link")).to_have_attribute("href", trace_href(page))

    retry(page).click()

    expect(receipt(page)).to_contain_text("€24.00")
    assert len(backend.keys) == 2
    assert len(set(backend.keys)) == 1


def test_a_retry_after_a_lost_connection_is_the_same_order_even_after_a_reload(
    visit: Visits, storefront: str, backend: Backend
) -> None:
    visit.expect_trouble("api/orders")
    visit.expect_trouble("ERR_CONNECTION_FAILED")
    page = visit(storefront)
    add(page, MOON)
    keys: list[str] = []

    def lose(route: object) -> None:
        keys.append(route.request.headers["idempotency-key"])  # type: ignore[attr-defined]
        route.abort("connectionfailed")  # type: ignore[attr-defined]

    page.route("**/api/orders", lose)
    place_order(page)
    expect(problem(page)).to_contain_text("The shop did not answer")
    expect(retry(page)).to_be_enabled()
    page.unroute("**/api/orders")
    page.reload()
    place_order(page)

    expect(receipt(page)).to_be_visible()
    assert backend.keys == keys


def test_a_changed_basket_is_another_order(visit: Visits, storefront: str, backend: Backend) -> None:
    visit.expect_trouble("503")
    backend.refuse_next(503, "A dependency does not answer", "try again")
    page = visit(storefront)
    add(page, MOON)
    place_order(page)
    expect(problem(page)).to_be_visible()

    add(page, MOON)
    expect(retry(page)).to_be_hidden()
    place_order(page)

    expect(receipt(page)).to_be_visible()
    assert len(set(backend.keys)) == 2


def test_a_double_click_orders_once_and_the_basket_is_locked_meanwhile(
    visit: Visits, storefront: str, backend: Backend
) -> None:
    page = visit(storefront)
    add(page, MOON)
    backend.gate.clear()

    basket(page).get_by_role("button", name="Place order").dblclick()
    wait_until(lambda: backend.keys, 5, "the order has arrived")
    add(page, BRASS)
    expect(page.get_by_role("status")).to_contain_text("Please wait")
    backend.gate.set()

    expect(receipt(page)).to_contain_text("€24.00")
    assert len(backend.keys) == 1


def test_short_stock_names_the_lantern_and_shows_what_is_left(
    visit: Visits, storefront: str, backend: Backend
) -> None:
    visit.expect_trouble("409")
    page = visit(storefront)
    add(page, MOON, SOUK, SOUK, SOUK)
    message = "2 left of mosaic-souk-lantern, 3 wanted"
    errors = [{"field": "items[1].quantity", "message": message}]
    backend.refuse_next(409, "Out of stock", message, errors=errors)
    next(product for product in backend.products if product["sku"] == "mosaic-souk-lantern")["stock"] = 2

    place_order(page)

    expect(problem(page).get_by_role("listitem")).to_have_text([f"{SOUK}: {message}"])
    expect(card(page, SOUK)).to_contain_text("Only 2 left")
    expect(basket(page)).to_contain_text("Only 2 left: please take fewer.")
    expect(retry(page)).to_be_hidden()

    quantity(page, SOUK).select_option("2")
    place_order(page)
    expect(receipt(page)).to_be_visible()
    assert len(set(backend.keys)) == 2


def test_a_refusal_shows_title_detail_and_every_field(
    visit: Visits, storefront: str, backend: Backend
) -> None:
    visit.expect_trouble("400")
    errors = [
        {"field": "items[0].sku", "message": "there is no such lantern"},
        {"field": "headers", "message": "odd"},
    ]
    backend.refuse_next(400, "The request is not valid", "Two things are wrong.", errors=errors)
    page = visit(storefront)
    add(page, MOON)

    place_order(page)

    expect(problem(page).get_by_role("heading")).to_have_text("The request is not valid")
    expect(problem(page)).to_contain_text("Two things are wrong.")
    expect(problem(page).get_by_role("listitem")).to_have_text(
        [f"{MOON}: there is no such lantern", "headers: odd"]
    )


def test_after_a_refusal_the_same_basket_is_another_order(
    visit: Visits, storefront: str, backend: Backend
) -> None:
    visit.expect_trouble("422")
    backend.refuse_next(422, "The key was used for another request", "It became another order.")
    page = visit(storefront)
    add(page, MOON)
    place_order(page)
    expect(problem(page)).to_be_visible()

    place_order(page)

    expect(receipt(page)).to_be_visible()
    assert len(set(backend.keys)) == 2


def test_an_answer_that_is_no_order_may_be_tried_again(visit: Visits, storefront: str) -> None:
    page = visit(storefront)
    add(page, MOON)
    page.route("**/api/orders", lambda route: route.fulfill(status=200, body="<html>a proxy's page</html>"))

    place_order(page)

    expect(problem(page)).to_contain_text("The answer could not be read")
    expect(retry(page)).to_be_enabled()


def test_the_page_takes_the_colours_of_the_version_that_answered(
    visit: Visits, storefront: str, storefronts: Callable[..., str]
) -> None:
    canary = storefronts(SERVICE_VERSION="1.0.1")
    page = visit(storefront)
    before = band(page)
    add(page, MOON)

    def to_canary(route: Route) -> None:
        """As a load balancer does: the page's own address stays its Host."""
        headers = {**route.request.headers, "host": urlsplit(storefront).netloc}
        route.fulfill(response=route.fetch(url=f"{canary}/api/orders", headers=headers))

    page.route("**/api/orders", to_canary)

    place_order(page)

    expect(receipt(page)).to_contain_text("storefront 1.0.1")
    expect(page.get_by_role("banner")).to_contain_text("1.0.1")
    assert band(page) != before


def test_injected_faults_are_announced(
    visit: Visits, storefronts: Callable[..., str], backend: Backend
) -> None:
    url = storefronts(FAULTS="on")
    page = visit(url)
    banner = page.get_by_role("note").filter(has_text="Injected faults are on")
    expect(banner).to_have_count(0)

    requests.put(f"{url}/faults", json={"latency_ms": 1}, timeout=5)
    page.reload()

    expect(banner).to_be_visible()


def test_without_an_address_for_traces_the_id_is_text(
    visit: Visits, storefronts: Callable[..., str], backend: Backend
) -> None:
    page = visit(storefronts(TRACE_URL=""))
    add(page, MOON)

    place_order(page)

    expect(receipt(page)).to_contain_text("Trace of this click")
    expect(receipt(page).get_by_role("link")).to_have_count(0)


def band(page: Page) -> str:
    """The main colour of the band on top."""
    colour: str = page.evaluate("getComputedStyle(document.querySelector('.version-band')).backgroundColor")
    return colour


def trace_href(page: Page) -> str:
    return f"http://127.0.0.1:9/traces/{problem(page).get_by_role('link').inner_text()}"
