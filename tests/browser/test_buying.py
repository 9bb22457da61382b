"""A visitor buys lanterns in the whole, running shop."""

import json
import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.steps import BRASS, MOON, add, basket, card, place_order, quantity, receipt
from tests.shop import SERVICES, Shop
from tests.waiting import wait_until

pytestmark = pytest.mark.requires("chromium")
TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_lantern_can_be_bought(visit: Visits, shop: Shop, width: int) -> None:
    page = visit(shop.url, width)
    add(page, BRASS, MOON)
    quantity(page, BRASS).select_option("2")

    place_order(page)

    expect(receipt(page)).to_contain_text("€202.00")
    expect(basket(page).get_by_role("listitem")).to_have_text(
        [re.compile(rf"2 . {BRASS}€178\.00"), re.compile(rf"1 . {MOON}€24\.00")]
    )
    order_id = re.search(r"ord-\w+", receipt(page).inner_text())
    assert order_id is not None
    order = requests.get(f"{shop.url}/api/orders/{order_id[0]}", timeout=5).json()
    assert (order["total"], [line["sku"] for line in order["items"]]) == (
        20200,
        ["brass-storm-lantern", "paper-moon-lantern"],
    )


def test_the_receipt_links_to_the_trace_of_the_click(visit: Visits, shop: Shop) -> None:
    page = visit(shop.url)
    add(page, MOON)

    with page.expect_response("**/api/orders") as answer:
        place_order(page)

    trace_id = TRACE_ID.search(answer.value.headers["x-amzn-trace-id"])
    assert trace_id is not None
    link = receipt(page).get_by_role("link", name=trace_id[0])
    expect(link).to_have_attribute("href", f"{shop['console'].url}/traces/{trace_id[0]}")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener")


def test_the_trace_behind_the_link_is_the_click_through_all_three_services(visit: Visits, shop: Shop) -> None:
    page = visit(shop.url)
    add(page, MOON)
    place_order(page)
    link = receipt(page).get_by_role("link")
    wait_until(lambda: services_of(shop, link.inner_text()) >= set(SERVICES), 10, "all segments are there")

    with page.context.expect_page() as opened:
        link.click()

    expect(opened.value.get_by_role("heading", name=link.inner_text())).to_be_visible()


def test_the_shelf_shows_what_an_order_left(visit: Visits, shop: Shop) -> None:
    left = shop.stock("ice-candle-lantern")
    page = visit(shop.url)
    expect(card(page, "Ice Candle Lantern")).to_contain_text(f"{left} in stock")

    add(page, "Ice Candle Lantern")
    place_order(page)

    expect(card(page, "Ice Candle Lantern")).to_contain_text(f"{left - 1} in stock")


def test_more_than_there_are_is_refused_naming_the_lantern(visit: Visits, shop: Shop) -> None:
    visit.expect_trouble("409")
    stock, name = shop.stock("mosaic-souk-lantern"), "Mosaic Souk Lantern"
    page = visit(shop.url)
    add(page, name)
    quantity(page, name).select_option("10")

    place_order(page)

    expect(basket(page).get_by_role("alert")).to_contain_text(f"{name}: {stock} left")
    assert shop.stock("mosaic-souk-lantern") == stock


def test_buying_needs_only_a_keyboard(visit: Visits, shop: Shop) -> None:
    page = visit(shop.url)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the lanterns"

    press(page, f"Add to basket{BRASS}")
    page.keyboard.press("Enter")
    press(page, "12345678910")  # the quantity
    page.keyboard.press("ArrowDown")
    expect(basket(page)).to_contain_text("€178.00")
    press(page, "Place order")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Order confirmed")).to_be_focused()
    page.keyboard.press("Tab")
    assert TRACE_ID.fullmatch(focused(page))
    press(page, "Back to the lanterns")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="On the shelf")).to_be_focused()
    expect(receipt(page)).to_have_count(0)


def services_of(shop: Shop, trace_id: str) -> set[str]:
    """The services whose segments of the trace have arrived."""
    traces = shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    return {json.loads(segment["Document"])["name"] for trace in traces for segment in trace["Segments"]}


def focused(page: Page) -> str:
    """The text of what has the focus; fails where the focus cannot be seen."""
    text, outline = page.evaluate(
        "[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]"
    )
    assert outline == "solid", f"the focus on {text!r} cannot be seen"
    return "".join(text.split("\n")).strip()


def press(page: Page, text: str) -> None:
    """Press Tab until `text` has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page) == text:
            return
    raise AssertionError(f"40 times Tab did not come to {text!r}")
