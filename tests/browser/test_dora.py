"""The page of the DORA metrics in a browser, before an account whose answers the test writes."""

import re
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.console import account as accounts
from tests.api.console.account import START_S, Account
from tests.api.console.conftest import start_console
from tests.browser.conftest import Theme, Visits
from tests.browser.harness import unused_address
from tests.browser.looks import accessibility_report, overflow
from tests.browser.test_deployments import HOSTILE, Watched

pytestmark = pytest.mark.requires("chromium")
NAMES = (f"pipeline-{number}" for number in count(1))
DAY = f"window=24h&until={START_S + 86000}"


@pytest.fixture(scope="module", name="started")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with accounts.running() as account:
        endpoints = {"AWS_ENDPOINT_URL_CODEPIPELINE": account.url, "AWS_ENDPOINT_URL_CODEDEPLOY": account.url}
        part = start_console(
            tmp_path_factory.mktemp("console"), unused_address(), unused_address(), **endpoints
        )
        yield Watched(account, part.url)
        part.stop()


@pytest.fixture(name="watched")
def _watched(started: Watched, visit: Visits) -> Watched:
    """A pipeline that nobody has read yet: good, stopped in its canary, caught before users, good again."""
    visit.expect_trouble("/static/")  # a page that is left at once has not loaded its icon yet
    account: Account = started.account
    account.reset()
    account.pipelines = [next(NAMES)]
    account.release(1, "d-GOOD")
    failed = account.release(3, "d-FAILED", error=HOSTILE)
    failed["sourceRevisions"][0]["revisionSummary"] = HOSTILE
    account.release(4, "d-BLOCKED", reached_users=False, error="its smoke test failed")
    account.release(5, "d-AGAIN")
    account.release(6, "d-OTHER", group="catalog")
    return started


def figure(page: Page, name: str, service: str = "orders") -> Locator:
    return page.get_by_role("article", name=f"{name} of {service}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_and_the_details_of_each_number_fit_and_axe_finds_nothing(
    visit: Visits, watched: Watched, theme: Theme, width: int
) -> None:
    page = visit(f"{watched.url}/dora?{DAY}", width, theme)

    for key in (
        "",
        "change-lead-time",
        "change-fail-rate",
        "failed-deployment-recovery-time",
        "caught-before-users",
    ):
        page.goto(
            f"{watched.url}/dora?{DAY}&service=orders&figure={key}" if key else f"{watched.url}/dora?{DAY}"
        )
        expect(page.get_by_role("note").first).to_contain_text("rehearsal on this laptop")
        assert overflow(page) == 0, key
        assert accessibility_report(page) == "", key
        assert page.locator("main img").count() == 0
        assert "Lantern console" in page.title()


def test_from_a_number_to_its_deployment(visit: Visits, watched: Watched) -> None:
    page = visit(f"{watched.url}/dora?{DAY}")
    expect(figure(page, "change fail rate")).to_contain_text("1 of 3")

    figure(page, "change fail rate").get_by_role("link", name="33.3 %").click()

    rows = page.get_by_role("region", name="What is behind it").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("⟨U+202E⟩")
    rows.nth(1).get_by_role("link", name="d-FAILED").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("deployment d-FAILED")


def test_a_mark_of_the_timeline_leads_to_its_deployment(visit: Visits, watched: Watched) -> None:
    page = visit(f"{watched.url}/dora?{DAY}")

    lanes = page.get_by_role("group", name="Deployments of orders along time")
    expect(lanes.get_by_role("link")).to_have_count(4)
    lanes.get_by_role("link", name=re.compile("d-BLOCKED blocked")).click()

    expect(page).to_have_url(re.compile("/deployments/d-BLOCKED"))


def test_window_and_service_are_in_the_address(visit: Visits, watched: Watched) -> None:
    page = visit(f"{watched.url}/dora")
    chosen = page.get_by_role("navigation", name="Window").locator("[aria-current]")
    expect(chosen).to_have_text("30d")

    page.get_by_role("link", name="90d").click()
    expect(chosen).to_have_text("90d")
    page.get_by_role("combobox", name="Service").select_option("catalog")

    expect(page).to_have_url(re.compile(r"service=catalog&window=90d"))
    expect(page.get_by_role("heading", level=2)).to_have_text(["catalog", "How to read this"])
    expect(figure(page, "deployment frequency", "catalog")).to_contain_text("n = 1")


def test_the_page_is_whole_without_scripts(visit: Visits, watched: Watched) -> None:
    page = visit(f"{watched.url}/dora?{DAY}", java_script_enabled=False)

    figure(page, "change lead time").get_by_role("link").click()

    expect(page).to_have_url(re.compile("figure=change-lead-time.*#behind"))
    expect(page.get_by_role("region", name="What is behind it").get_by_role("row")).to_have_count(4)
