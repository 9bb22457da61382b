"""`make picture`: photographs the running shop and its console for the README.

It needs a shop that was started by `make up FAULTS=on`: shoppers come, a few orders fail, and a browser
buys a lantern.
"""

import os
import subprocess
import sys
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import find_browser

SHOP = f"http://127.0.0.1:{os.environ.get('STOREFRONT_PORT') or 8080}"
CATALOG = f"http://127.0.0.1:{os.environ.get('CATALOG_PORT') or 8081}"
CONSOLE = f"http://127.0.0.1:{os.environ.get('CONSOLE_PORT') or 8000}"
FOLDER = Path(__file__).parent
SIZE = {"width": 1280, "height": 800}


def main() -> None:
    """Write docs/shop.png, docs/map.png and docs/trace.png."""
    requests.put(f"{CATALOG}/faults", json={"error_share": 0.04}, timeout=5).raise_for_status()
    subprocess.run(
        [sys.executable, "-m", "local.stack", "traffic"],
        env=os.environ | {"SECONDS": "20", "RATE": "15"},
        check=False,
    )
    requests.delete(f"{CATALOG}/faults", timeout=5).raise_for_status()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        receipt = _buy(browser)
        receipt.screenshot(path=FOLDER / "shop.png")
        trace = (
            receipt.get_by_role("region", name="Order confirmed").get_by_role("link").get_attribute("href")
        )
        _photograph(browser, f"{CONSOLE}/map?range=1m", "map.png")
        _photograph(browser, str(trace), "trace.png")
        browser.close()
    print("Written: docs/shop.png, docs/map.png, docs/trace.png")


def _buy(browser: Browser) -> Page:
    page = browser.new_page(viewport=SIZE)
    page.goto(SHOP)
    page.get_by_role("button", name="Add to basket").first.click()
    page.get_by_role("button", name="Place order").click()
    page.get_by_text("ord-").first.wait_for()
    page.wait_for_timeout(2500)  # its segments and log lines are on their way
    return page


def _photograph(browser: Browser, address: str, name: str) -> None:
    page = browser.new_page(viewport=SIZE)
    page.goto(address)
    page.locator("svg.map").first.wait_for()
    page.screenshot(path=FOLDER / name)


if __name__ == "__main__":
    main()
