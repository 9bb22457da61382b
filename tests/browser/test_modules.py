"""The pure functions of the page's modules, run where they run for a visitor."""

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.requires("chromium")
ID = "1-6b0465f2-3abcc81078ab348f4372424c"


@pytest.fixture(scope="module", name="page")
def _page(browser: Browser, storefronts: Callable[..., str]) -> Iterator[Page]:
    """One page for all: what is called here is pure."""
    page = browser.new_page()
    page.goto(f"{storefronts()}/version")
    yield page
    page.close()


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    script = (
        "async ([module, name, parameters]) => (await import(`/static/${module}.js`))[name](...parameters)"
    )
    return page.evaluate(script, [module, function, list(arguments)])


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "EUR", "€0.00"),
        (5, "EUR", "€0.05"),
        (123456, "EUR", "€1,234.56"),
        (500, "JPY", "JP¥500"),
        (500, "??", "?? 5.00"),
    ],
)
def test_money_is_written_from_minor_units(page: Page, minor: int, currency: str, text: str) -> None:
    assert call(page, "money", "formatMoney", minor, currency) == text


@pytest.mark.parametrize(
    ("header", "trace_id", "is_sampled"),
    [
        (f"Root={ID}", ID, True),
        (f"Root={ID};Sampled=1", ID, True),
        (f"Self=1-2-3; Root={ID};Sampled=0", ID, False),
        ("Root=1-00000000-000000000000000000000000;Sampled=0", "", False),
        ("Root=<script>", "", True),
        ("", "", True),
        (None, "", True),
    ],
)
def test_the_trace_id_is_taken_out_of_the_header(
    page: Page, header: str, trace_id: str, is_sampled: bool
) -> None:
    assert call(page, "trace", "traceOf", header) == {"id": trace_id, "isSampled": is_sampled}


@pytest.mark.parametrize(
    ("template", "href"),
    [
        ("http://127.0.0.1:2000/traces/{trace_id}", f"http://127.0.0.1:2000/traces/{ID}"),
        ("/traces/{trace_id}", f"/traces/{ID}"),
        ("", ""),
        ("http://127.0.0.1:2000/traces", ""),
        ("javascript:alert('{trace_id}')", ""),
        ("//elsewhere/{trace_id}", ""),
    ],
)
def test_only_a_web_address_becomes_a_link(page: Page, template: str, href: str) -> None:
    assert call(page, "trace", "traceHref", template, ID) == href


def test_versions_that_follow_each_other_have_other_colours(page: Page) -> None:
    following = ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.2.0", "2.0.0"]

    hues = {version: call(page, "version", "huesOf", version)[0] for version in following}

    near = [
        (earlier, later)
        for earlier, later in combinations(following, 2)
        if min((hues[earlier] - hues[later]) % 360, (hues[later] - hues[earlier]) % 360) < 25
    ]
    assert near == []


def test_every_text_has_a_colour_and_always_the_same(page: Page) -> None:
    versions = ["", "dev", "9f86d08", "v1.2", "1.0.0-test", "1.0.0-rc.1", "😀", "1.0.0\n"]

    hues = [call(page, "version", "huesOf", version) for version in versions]

    assert hues == [call(page, "version", "huesOf", version) for version in versions]
    assert all(0 <= hue < 360 for pair in hues for hue in pair)
    assert len({tuple(pair) for pair in hues}) == len(versions)


def test_without_a_secure_context_keys_are_random_uuids_all_the_same(page: Page) -> None:
    script = """async () => {
      const { newKey } = await import("/static/key.js");
      const source = { getRandomValues: (bytes) => crypto.getRandomValues(bytes) };
      return [newKey(), newKey(source), newKey(source)];
    }"""

    keys = page.evaluate(script)

    assert len(set(keys)) == 3
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key)
        for key in keys
    )


def test_a_full_basket_takes_no_further_kind(page: Page) -> None:
    lines = [
        {"sku": f"lantern-{n}", "name": f"Lantern {n}", "price": 100, "currency": "EUR", "quantity": 1}
        for n in range(20)
    ]

    full = call(page, "basket", "add", {"lines": lines, "key": ""}, {**lines[0], "sku": "one-more"})

    assert full["lines"] == lines


@pytest.mark.parametrize(("entered", "kept"), [(0, 1), (-3, 1), (11, 10), (4.7, 4), (None, 1)])
def test_quantities_are_whole_numbers_from_one_to_ten(page: Page, entered: float | None, kept: int) -> None:
    line = {"sku": "a", "name": "A", "price": 100, "currency": "EUR", "quantity": 2}

    changed = call(page, "basket", "setQuantity", {"lines": [line], "key": "k"}, "a", entered)

    assert changed == {"lines": [{**line, "quantity": kept}], "key": ""}


@pytest.mark.parametrize(
    ("status", "headers", "is_retryable", "wait_s"),
    [
        (400, {}, False, 0),
        (409, {}, False, 0),
        (429, {"Retry-After": "7"}, True, 7),
        (500, {}, True, 0),
        (503, {"Retry-After": "2"}, True, 2),
        (503, {"Retry-After": "999999"}, True, 60),
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, True, 0),
    ],
)
def test_which_answers_may_be_retried_and_after_how_long(
    page: Page, status: int, headers: dict[str, str], is_retryable: bool, wait_s: int
) -> None:
    script = """async ([status, headers]) => {
      const { outcomeOf } = await import("/static/order.js");
      return outcomeOf(new Response("", { status, headers }), null);
    }"""

    outcome = page.evaluate(script, [status, headers])

    assert (outcome["isRetryable"], outcome["retryAfterS"]) == (is_retryable, wait_s)
    assert outcome["problem"] == {
        "title": f"The shop answered with status {status}",
        "detail": "",
        "errors": [],
    }
