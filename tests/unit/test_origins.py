"""Whose page sent a request, told from what a browser says of it."""

import pytest

from origins import foreign_sender, is_own_host

HOST = {"host": "127.0.0.1:4566"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1:4566", True),
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("bucket.localhost:4566", True),
        ("[::1]:2000", True),
        ("192.168.1.5", True),
        ("xray:2000", True),
        ("host.docker.internal:4566", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:4566", False),
        ("evil.example:4566:80", False),
        ("", False),
    ],
)
def test_a_host_is_ones_own_when_nobody_on_the_internet_can_own_its_name(host, is_own):
    assert is_own_host(host) is is_own


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user-agent": "aws-cli/2"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:4566"},
        {"referer": "http://127.0.0.1:4566/a/page?of=ours"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_command_lines_own_pages_and_typed_addresses_are_not_foreign(method, headers):
    assert foreign_sender(method, HOST | headers) == ""


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"sec-fetch-site": "cross-site"}, "Sec-Fetch-Site: cross-site"),
        ({"sec-fetch-site": "same-site"}, "Sec-Fetch-Site: same-site"),
        ({"sec-fetch-site": "same-origin, none"}, "Sec-Fetch-Site: same-origin, none"),
        ({"origin": "null"}, "Origin: null"),
        ({"origin": "http://127.0.0.1:8000"}, "Origin: http://127.0.0.1:8000"),
        ({"origin": "http://127.0.0.1:4566.evil.example"}, "Origin: http://127.0.0.1:4566.evil.example"),
        ({"referer": "http://127.0.0.1:8080/"}, "Referer: http://127.0.0.1:8080/"),
        ({"sec-fetch-site": "none", "origin": "http://evil.example"}, "Origin: http://evil.example"),
        (LINK, "Sec-Fetch-Site: cross-site"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_what_another_page_sends_is_foreign_and_told_by_its_header(method, headers, reason):
    assert foreign_sender(method, HOST | headers) == reason


def test_a_link_from_anywhere_leads_to_a_page_for_people():
    assert foreign_sender("GET", HOST | LINK | {"referer": "http://evil.example/"}, is_page=True) == ""
    assert foreign_sender("GET", HOST | {"referer": "http://evil.example/"}, is_page=True) == ""


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", LINK),
        ("GET", LINK | {"sec-fetch-dest": "iframe"}),
        ("GET", LINK | {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
        ("GET", {"sec-fetch-site": "cross-site"}),
    ],
)
def test_nothing_but_a_link_gets_there_from_another_page(method, headers):
    assert foreign_sender(method, HOST | headers, is_page=True) == "Sec-Fetch-Site: cross-site"
