"""What a visitor does and sees, by the names that a screen reader says."""

from playwright.sync_api import Locator, Page

BRASS, MOON, SOUK = "Brass Storm Lantern", "Paper Moon Lantern", "Mosaic Souk Lantern"


def add(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("button", name=f"Add to basket {name}", exact=True).click()


def card(page: Page, name: str) -> Locator:
    shelf = page.get_by_role("region", name="On the shelf")
    return shelf.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


def basket(page: Page) -> Locator:
    return page.get_by_role("region", name="Basket", exact=True)


def quantity(page: Page, name: str) -> Locator:
    return basket(page).get_by_role("combobox", name=f"Quantity of {name}")


def place_order(page: Page) -> None:
    basket(page).get_by_role("button", name="Place order").click()


def receipt(page: Page) -> Locator:
    return page.get_by_role("region", name="Order confirmed")


def problem(page: Page) -> Locator:
    return basket(page).get_by_role("alert")


def retry(page: Page) -> Locator:
    return basket(page).get_by_role("button", name="Try again")
