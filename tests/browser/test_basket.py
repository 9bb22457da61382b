"""The basket in the browser: kept, checked against the shelf, and never trusted."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.harness import Backend
from tests.browser.steps import BRASS, MOON, add, basket, card, place_order, quantity, receipt

pytestmark = pytest.mark.requires("chromium")
LINE = {"sku": "brass-storm-lantern", "name": BRASS, "price": 8900, "currency": "EUR", "quantity": 2}


def stored(document: object) -> str:
    """A script that puts `document` where the basket is kept, once."""
    text = document if isinstance(document, str) else json.dumps(document)
    return f"if (!localStorage.length) localStorage.setItem('lantern.basket', {json.dumps(text)})"


def test_the_basket_survives_a_reload(visit: Visits, storefront: str) -> None:
    page = visit(storefront)
    add(page, BRASS, BRASS, MOON)

    page.reload()

    expect(quantity(page, BRASS)).to_have_value("2")
    expect(basket(page)).to_contain_text("€202.00")
    expect(page.get_by_role("link", name="Basket")).to_have_text("Basket3")


@pytest.mark.parametrize(
    "junk",
    [
        "{",
        "null",
        "[]",
        '"lines"',
        {"lines": 7},
        {"lines": [None, 1, "x", {}], "key": 5},
        {"lines": [{**LINE, "quantity": 0}, {**LINE, "quantity": 1.5}, {**LINE, "quantity": "2"}]},
        {"lines": [{**LINE, "price": -1}, {**LINE, "name": None}, {**LINE, "sku": ""}], "key": "a b"},
    ],
    ids=str,
)
def test_junk_in_the_storage_is_an_empty_basket_that_works(
    visit: Visits, storefront: str, junk: object
) -> None:
    page = visit(storefront, init=stored(junk))
    expect(basket(page)).to_contain_text("Nothing in it yet.")

    add(page, MOON)
    place_order(page)

    expect(receipt(page)).to_contain_text("€24.00")


def test_the_basket_works_where_storage_is_switched_off(visit: Visits, storefront: str) -> None:
    refuse = "get() { throw new DOMException('no', 'SecurityError') }"
    page = visit(storefront, init=f"Object.defineProperty(window, 'localStorage', {{ {refuse} }})")

    add(page, MOON)
    place_order(page)

    expect(receipt(page)).to_contain_text("€24.00")


def test_a_lantern_that_vanished_is_taken_out_and_named(
    visit: Visits, storefront: str, backend: Backend
) -> None:
    gone = {**LINE, "sku": "tin-lantern", "name": "Tin Lantern"}
    page = visit(storefront, init=stored({"lines": [gone, LINE], "key": "kept"}))

    expect(basket(page)).to_contain_text("Tin Lantern is no longer sold and was taken out.")
    expect(basket(page)).to_contain_text("€178.00")
    place_order(page)
    expect(receipt(page)).to_be_visible()
    assert backend.keys != ["kept"]


def test_a_price_that_changed_is_shown_with_both_prices(visit: Visits, storefront: str) -> None:
    page = visit(storefront, init=stored({"lines": [{**LINE, "price": 7900}], "key": ""}))

    expect(basket(page)).to_contain_text(f"{BRASS} now costs €89.00 instead of €79.00.")
    expect(basket(page)).to_contain_text("€178.00")


def test_ten_of_a_lantern_are_the_most(visit: Visits, storefront: str) -> None:
    page = visit(storefront)
    add(page, MOON)
    quantity(page, MOON).select_option("10")

    add(page, MOON)

    expect(quantity(page, MOON)).to_have_value("10")
    expect(page.get_by_role("status")).to_contain_text("10 is the most of one lantern.")
    expect(quantity(page, MOON).get_by_role("option")).to_have_text([str(n) for n in range(1, 11)])


def test_removing_a_line_says_so_and_keeps_the_keyboards_place(visit: Visits, storefront: str) -> None:
    page = visit(storefront)
    add(page, BRASS, MOON)

    basket(page).get_by_role("button", name=f"Remove {BRASS}").click()

    expect(page.get_by_role("status")).to_have_text(f"{BRASS} removed. 1 in the basket, total €24.00.")
    expect(basket(page).get_by_role("button", name=f"Remove {MOON}")).to_be_focused()
    basket(page).get_by_role("button", name=f"Remove {MOON}").click()
    expect(page.get_by_role("heading", name="Basket", exact=True)).to_be_focused()


def test_a_sold_out_lantern_cannot_be_added(visit: Visits, storefront: str, backend: Backend) -> None:
    backend.products[0]["stock"] = 0

    page = visit(storefront)

    expect(card(page, BRASS)).to_contain_text("Sold out")
    expect(card(page, BRASS).get_by_role("button")).to_be_disabled()


def test_two_tabs_share_one_basket(visit: Visits, storefront: str) -> None:
    first = visit(storefront)
    second = first.context.new_page()
    second.goto(storefront)

    add(first, BRASS)

    expect(basket(second)).to_contain_text("€89.00")
    place_order(second)
    expect(receipt(second)).to_be_visible()
    expect(basket(first)).to_contain_text("Nothing in it yet.")
