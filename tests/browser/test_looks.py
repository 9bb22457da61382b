"""The page fits every width, is accessible in both themes, and shows text as text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Theme, Visits
from tests.browser.harness import Backend
from tests.browser.looks import accessibility_report, overflow
from tests.browser.steps import BRASS, MOON, SOUK, add, basket, place_order, problem, receipt

pytestmark = pytest.mark.requires("chromium")
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}"\'&amp;'
WIDTHS = (360, 390, 768, 1440)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_sideways(visit: Visits, storefront: str, backend: Backend, width: int) -> None:
    visit.expect_trouble("503")
    page = visit(storefront, width)
    assert overflow(page) == 0

    add(page, BRASS, SOUK)
    assert overflow(page) == 0

    backend.refuse_next(503, "A dependency does not answer", "x" * 120)
    place_order(page)
    expect(problem(page)).to_be_visible()
    assert overflow(page) == 0

    place_order(page)
    expect(receipt(page)).to_be_visible()
    assert overflow(page) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_long_words_and_versions_scroll_nothing_sideways(
    visit: Visits, storefronts: Callable[..., str], backend: Backend, width: int
) -> None:
    backend.products[0] |= {"name": "Donau" * 16, "description": "dampf" * 40, "price": 123456789}
    page = visit(storefronts(SERVICE_VERSION="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"), width)

    add(page, "Donau" * 16)
    place_order(page)

    expect(receipt(page)).to_contain_text("€1,234,567.89")
    assert overflow(page) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_from_the_shelf_to_the_receipt(
    visit: Visits, storefront: str, backend: Backend, theme: Theme, width: int
) -> None:
    visit.expect_trouble("409")
    page = visit(storefront, width, theme)
    assert accessibility_report(page) == ""

    add(page, SOUK, MOON)
    message = "0 left of mosaic-souk-lantern, 1 wanted"
    backend.refuse_next(
        409, "Out of stock", message, errors=[{"field": "items[0].quantity", "message": message}]
    )
    next(product for product in backend.products if product["sku"] == "mosaic-souk-lantern")["stock"] = 0
    place_order(page)
    expect(basket(page)).to_contain_text("Sold out: please remove it.")
    assert accessibility_report(page) == ""

    basket(page).get_by_role("button", name=f"Remove {SOUK}").click()
    place_order(page)
    expect(receipt(page)).to_be_visible()
    assert accessibility_report(page) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("missing", [("catalog",), ("orders",), ("catalog", "orders")], ids="+".join)
def test_axe_finds_nothing_while_a_service_is_down(
    visit: Visits, storefronts: Callable[..., str], backend: Backend, theme: Theme, missing: tuple[str, ...]
) -> None:
    page = visit(storefronts(missing=missing, FAULTS="on"), theme=theme)

    assert accessibility_report(page) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_version_is_legible(visit: Visits, storefront: str, theme: Theme) -> None:
    page = visit(storefront, theme=theme)
    show = """async (hues) => {
      const badge = document.getElementById("served-version");
      const row = hues.map((hue) => {
        const one = badge.cloneNode(true);
        one.removeAttribute("id");
        one.style.setProperty("--version-hue", hue);
        return one;
      });
      document.querySelector("footer").replaceChildren(...row);
    }"""

    page.evaluate(show, list(range(0, 360, 15)))

    assert accessibility_report(page) == ""


def test_hostile_names_stay_text(visit: Visits, storefront: str, backend: Backend) -> None:
    visit.expect_trouble("409")
    backend.products[0] |= {"name": HOSTILE, "description": HOSTILE}
    backend.refuse_next(409, HOSTILE, HOSTILE, errors=[{"field": "items[0].sku", "message": HOSTILE}])
    page = visit(storefront)
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    page.get_by_role("button", name="Add to basket").first.click()

    place_order(page)
    expect(problem(page).get_by_role("heading")).to_have_text(HOSTILE)
    expect(problem(page).get_by_role("listitem")).to_have_text([f"{HOSTILE}: {HOSTILE}"])
    place_order(page)

    expect(receipt(page).get_by_role("listitem")).to_contain_text([HOSTILE])
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_without_javascript_the_shelf_is_whole_and_says_what_is_missing(
    visit: Visits, storefront: str
) -> None:
    page = visit(storefront, java_script_enabled=False)

    expect(page.locator("noscript p")).to_be_visible()  # text and role locators pass over noscript
    expect(page.locator("noscript p")).to_contain_text("Buying needs JavaScript")
    expect(page.get_by_role("region", name="On the shelf").get_by_role("listitem")).to_have_count(12)
    expect(page.get_by_text("€89.00")).to_be_visible()


def test_with_less_motion_nothing_moves(visit: Visits, storefront: str) -> None:
    page = visit(storefront, reduced_motion="reduce")
    add(page, MOON)

    place_order(page)

    expect(receipt(page)).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
