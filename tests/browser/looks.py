"""How a page looks, measured: accessibility rules and sideways scrolling."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def accessibility_report(page: Page) -> str:
    """What axe finds wrong, in words; empty when nothing is."""
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => 0)")
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
