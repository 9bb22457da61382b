"""A browser whose pages fail the test by themselves, and the shops that it visits."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, sync_playwright

from tests.browser import harness, without_netlink
from tests.browser.every_port import EveryPort, every_port
from tests.browser.harness import Backend
from tests.conftest import find_browser
from tests.shop import Part, Shop, running

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 8_000
Theme = Literal["light", "dark"]


@dataclass
class Visits:
    """Opens pages; console errors, exceptions and failed requests that were not expected fail the test."""

    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def __call__(
        self, url: str, width: int = 1280, theme: Theme = "light", init: str = "", **options: Any
    ) -> Page:
        """A page of its own browser profile; `init` is a script that runs before the page's."""
        size = ViewportSize(width=width, height=900)
        context = self.browser.new_context(viewport=size, color_scheme=theme, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", lambda message: self._note(message.type == "error", f"console: {message.text}"))
        context.on("weberror", lambda error: self._note(True, f"exception: {error.error}"))
        context.on("requestfailed", lambda request: self._note(True, f"failed: {request.url}"))
        if init:
            context.add_init_script(f"if (location.protocol === 'http:') {{ {init} }}")
        self.contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    def expect_trouble(self, text: str) -> None:
        """The browser will complain of something that the test does on purpose."""
        self.expected.append(text)

    def _note(self, is_trouble: bool, text: str) -> None:
        if is_trouble:
            self.troubles.append(text)

    def unexpected(self) -> list[str]:
        return [trouble for trouble in self.troubles if not any(text in trouble for text in self.expected)]


@pytest.fixture(scope="session", name="playwright")
def _playwright() -> Iterator[Playwright]:
    """A process has room for one, whatever number of browsers it starts."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session", name="browser")
def _browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=Path(without_netlink.__file__),
        args=ARGUMENTS,
        env=os.environ | {"BROWSER_PROGRAM": find_browser() or ""},
    )
    yield browser
    browser.close()


@pytest.fixture(name="visit")
def _visit(browser: Browser) -> Iterator[Visits]:
    visits = Visits(browser)
    yield visits
    for context in visits.contexts:
        context.close()
    assert visits.unexpected() == []


@pytest.fixture(scope="session", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A whole running shop; tests leave it whole."""
    with running(tmp_path_factory.mktemp("shop"), "console") as shop:
        yield shop


@pytest.fixture(scope="session", name="lantern")
def _lantern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EveryPort]:
    """Every port of Lantern; tests leave it as it was, but for orders."""
    with every_port(tmp_path_factory.mktemp("lantern")) as lantern:
        yield lantern


@pytest.fixture(scope="session", name="started_backend")
def _started_backend() -> Iterator[tuple[Backend, str]]:
    with harness.scripted_backend() as started:
        yield started


@pytest.fixture(name="backend")
def _backend(started_backend: tuple[Backend, str]) -> Backend:
    """The scripted catalog and orders behind `storefront`, as new."""
    backend = started_backend[0]
    backend.__init__()  # type: ignore[misc]
    backend.gate.set()
    return backend


@pytest.fixture(scope="session", name="storefronts")
def _storefronts(
    started_backend: tuple[Backend, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Storefronts by what they lack and how they are set; each is started once."""
    folder, backend_url = tmp_path_factory.mktemp("storefronts"), started_backend[1]
    started: dict[str, Part] = {}

    def address(*, missing: tuple[str, ...] = (), **settings: str) -> str:
        name = repr((missing, settings))
        if name not in started:
            urls = [
                harness.unused_address() if service in missing else backend_url
                for service in ("catalog", "orders")
            ]
            started[name] = harness.start_storefront(folder, *urls, **settings)
        return started[name].url

    yield address
    for part in started.values():
        part.terminate()
    for part in started.values():
        part.stop()


@pytest.fixture(name="storefront")
def _storefront(storefronts: Callable[..., str], backend: Backend) -> str:
    """The address of a storefront before the scripted backend."""
    return storefronts()
