"""`make picture`: photographs the running shop and its console for the README.

It needs a shop that was started by `make up FAULTS=on`: shoppers come, a few orders fail, and a browser
buys a lantern. Every page of the console is photographed too, at three widths, light, dark and in beamer
mode, into the folder that CONSOLE_PICTURES names (lantern-console among the temporary files).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import find_browser

SHOP = f"http://127.0.0.1:{os.environ.get('STOREFRONT_PORT') or 8080}"
CATALOG = f"http://127.0.0.1:{os.environ.get('CATALOG_PORT') or 8081}"
CONSOLE = f"http://127.0.0.1:{os.environ.get('CONSOLE_PORT') or 8000}"
FOLDER = Path(__file__).parent
SIZE = {"width": 1280, "height": 800}
CONSOLE_FOLDER = Path(os.environ.get("CONSOLE_PICTURES") or Path(tempfile.gettempdir(), "lantern-console"))
PAGES = ("map", "traces", "logs", "metrics", "deployments", "dora", "sampling", "groups", "faults")
WIDTHS = (390, 1280, 1920)
MODES = {"light": ("light", ""), "dark": ("dark", ""), "beamer": ("light", "&beamer=1")}


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
        pictures = _photograph_console(browser, str(trace).rpartition("/")[2])
        browser.close()
    print(
        f"Written: docs/shop.png, docs/map.png, docs/trace.png, and {pictures} pictures in {CONSOLE_FOLDER}"
    )


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


def _photograph_console(browser: Browser, trace_id: str) -> int:
    """Photograph every page in every width and mode; return how many pictures there are."""
    CONSOLE_FOLDER.mkdir(parents=True, exist_ok=True)
    count = 0
    for mode, (theme, arguments) in MODES.items():
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
            for name, path in {**{name: name for name in PAGES}, "trace": f"traces/{trace_id}"}.items():
                page.goto(f"{CONSOLE}/{path}?range=5m{arguments}")
                page.screenshot(
                    path=CONSOLE_FOLDER / f"{name}-{width}-{mode}.png", full_page=mode != "beamer"
                )
                count += 1
            page.close()
    return count


if __name__ == "__main__":
    main()
