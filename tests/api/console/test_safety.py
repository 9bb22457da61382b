"""Hostile text is shown as text, and other sites' pages can change nothing."""

import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
import requests

from tests.api.xray import server
from tests.api.xray.server import new_trace_id, segment

HOSTILE = [
    '<script>document.title="owned"</script>',
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "invoice\u202egpj.exe\u2066",
    "nul\x00bell\x07",
    "\x1b[31mred\x1b]0;title\x07",
    "</pre></details><h1>mine</h1>",
    "'; DROP TABLE--",
]


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def csrf(console, path, session):
    return re.search(r'name="csrf_token" value="([^"]+)"', session.get(console.url + path, timeout=10).text)[
        1
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_on_every_page(console, text):
    trace_id = new_trace_id()
    request = {"method": text, "url": text, "user_agent": text}
    cause = {
        "exceptions": [
            {"id": "1", "type": text, "message": text, "stack": [{"path": text, "label": text, "line": 1}]}
        ]
    }
    odd = segment(
        trace_id,
        text[:200],
        http={"request": request},
        annotations={"sku": text},
        metadata={text: {text: text}},
        sql={"sanitized_query": text},
        user=text,
        fault=True,
        cause=cause,
    )
    server.client_of(console.xray).put_trace_segments(TraceSegmentDocuments=[json.dumps(odd)])
    console.log(
        "storefront",
        {"message": text, "level": text, "service": text, "trace_id": trace_id, text: text},
        text,
    )

    for path in (
        f"/traces/{trace_id}?row={odd['id']}",
        "/map",
        "/traces",
        "/logs",
        f"/compare?left={trace_id}&right={trace_id}",
    ):
        page = console.page(path)
        assert "<script>document" not in page
        assert "<img" not in page
        assert "<h1>mine" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
        assert not re.search(r'(href|src)="\s*javascript:', page)


def test_names_of_64_kb_are_cut_and_say_how_long_they_were(console):
    trace_id = new_trace_id()
    long = "x" * 30_000
    console.send(
        segment(trace_id, "long", annotations={"sku": long}, http={"request": {"method": "GET", "url": long}})
    )
    console.log("storefront", {"message": long * 2, "trace_id": trace_id})

    page = console.page(f"/traces/{trace_id}")

    assert len(page) < 200_000
    assert "characters)" in page


def test_every_answer_has_security_headers_and_allows_the_consoles_own_scripts_only(console):
    for path in ("/map", "/nothing", "/traces/nonsense", "/static/console.js", "/static/console.css"):
        headers = console.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_pages_hold_no_inline_script_or_style(console):
    trace_id = console.send(segment(new_trace_id(), "storefront"))

    for path in (
        "/map",
        "/traces",
        f"/traces/{trace_id}",
        "/logs",
        "/metrics",
        "/sampling",
        "/groups",
        "/compare",
    ):
        page = console.page(path)
        tags = Tags()
        tags.feed(page)
        assert [
            tag for tag, names in tags.tags if tag == "style" or (tag == "script" and "src" not in names)
        ] == []
        assert [
            tag for tag, names in tags.tags if any(name == "style" or name.startswith("on") for name in names)
        ] == []


@pytest.mark.parametrize("path", ["/map", "/healthz", "/sampling"])
def test_a_foreign_host_gets_nothing(console, path):
    assert console.get(path, headers={"Host": "rebound.evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_changes_nothing_even_with_a_token(console, headers):
    session = requests.Session()
    form = {
        "csrf_token": csrf(console, "/groups", session),
        "GroupName": "foreign",
        "FilterExpression": "fault",
    }

    answer = session.post(f"{console.url}/groups", data=form, headers=headers, timeout=10)

    assert answer.status_code == 403
    assert "foreign" not in console.page("/groups")


@pytest.mark.parametrize("path", ["/groups", "/groups/delete", "/sampling", "/sampling/delete", "/faults"])
def test_without_the_token_nothing_changes(console, path):
    answer = requests.post(
        console.url + path,
        data={"GroupName": "x", "RuleName": "Default", "csrf_token": "guessed"},
        timeout=10,
    )

    assert answer.status_code == 400
    assert "reload the page" in answer.text


def test_groups_are_created_changed_and_deleted(console):
    session, client = requests.Session(), server.client_of(console.xray)
    token = csrf(console, "/groups", session)

    def save(path="", **form):
        return session.post(f"{console.url}/groups{path}", data={"csrf_token": token, **form}, timeout=10)

    assert save(GroupName="slow", FilterExpression="duration > 1").status_code == 200
    assert client.get_group(GroupName="slow")["Group"]["FilterExpression"] == "duration > 1"
    save(original="slow", GroupName="slow", FilterExpression="duration > 2")
    assert client.get_group(GroupName="slow")["Group"]["FilterExpression"] == "duration > 2"
    refused = save(GroupName="slow", FilterExpression="fault")
    assert refused.status_code == 502
    assert "CreateGroup: InvalidRequestException" in refused.text
    assert save(GroupName="", FilterExpression="fault").status_code == 400
    save("/delete", GroupName="slow")
    assert "slow" not in console.page("/groups")


def test_sampling_rules_are_created_changed_and_deleted(console):
    session, client = requests.Session(), server.client_of(console.xray)
    token = csrf(console, "/sampling", session)
    rule = {
        "RuleName": "checkout",
        "Priority": "5",
        "Percent": "25",
        "ReservoirSize": "2",
        "URLPath": "/api/orders",
    }

    def save(path="", **form):
        return session.post(f"{console.url}/sampling{path}", data={"csrf_token": token, **form}, timeout=10)

    def rules():
        records = client.get_sampling_rules()["SamplingRuleRecords"]
        return {record["SamplingRule"]["RuleName"]: record["SamplingRule"] for record in records}

    assert save(**rule).status_code == 200
    assert (rules()["checkout"]["FixedRate"], rules()["checkout"]["URLPath"]) == (0.25, "/api/orders")
    save(**{**rule, "original": "checkout", "Percent": "50"})
    assert rules()["checkout"]["FixedRate"] == 0.5
    for field, value in (
        ("Percent", "200"),
        ("Priority", "first"),
        ("ReservoirSize", "0.5"),
        ("RuleName", ""),
    ):
        refused = save(**{**rule, field: value})
        assert refused.status_code == 400
        assert field in unescape(refused.text)
    save(original="Default", RuleName="Default", Priority="10000", Percent="90", ReservoirSize="3")
    assert rules()["Default"]["FixedRate"] == 0.9
    save("/delete", RuleName="checkout")
    assert "checkout" not in rules()
