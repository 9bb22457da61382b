"""Filter expressions are parsed as AWS's guide describes them, and an error points at the character."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.xray.filters.expressions import (
    And,
    Annotation,
    Compare,
    Complex,
    Flag,
    NodePattern,
    Not,
    Or,
)
from local.xray.filters.parser import FilterError, parse

API = NodePattern("api", "AWS::EC2::Instance")

# keywords and examples of https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
EXAMPLES = {
    "ok": Flag("ok"),
    "error": Flag("error"),
    "throttle = true": Flag("throttle"),
    "fault = false": Flag("fault", False),
    'fault = "true" AND throttle != "true"': And((Flag("fault"), Flag("throttle", False))),
    "fault != true": Flag("fault", False),
    "FAULT": Flag("fault"),
    "partial": Flag("partial"),
    "inferred": Flag("inferred"),
    "first": Flag("first"),
    "last": Flag("last"),
    "remote": Flag("remote"),
    "root": Flag("root"),
    "responsetime": Compare("responsetime"),
    "responsetime > 5": Compare("responsetime", ">", 5),
    "ResponseTime>=0.5": Compare("responsetime", ">=", 0.5),
    "duration >= 5 AND duration <= 8": And((Compare("duration", ">=", 5), Compare("duration", "<=", 8))),
    "http.status != 200": Compare("http.status", "!=", 200),
    "http.url": Compare("http.url"),
    'http.url CONTAINS "/api/game/"': Compare("http.url", "CONTAINS", "/api/game/"),
    r'http.url = "a\"b\u0041"': Compare("http.url", "=", 'a"bA'),
    'http.method = "GET"': Compare("http.method", "=", "GET"),
    'http.useragent BEGINSWITH "curl"': Compare("http.useragent", "BEGINSWITH", "curl"),
    'http.clientip = "8.8.8.8"': Compare("http.clientip", "=", "8.8.8.8"),
    'user = "alice"': Compare("user", "=", "alice"),
    'name ENDSWITH "front"': Compare("name", "ENDSWITH", "front"),
    'type = "AWS::DynamoDB::Table"': Compare("type", "=", "AWS::DynamoDB::Table"),
    'message CONTAINS "timeout"': Compare("message", "CONTAINS", "timeout"),
    'instance.id = "i-1"': Compare("instance.id", "=", "i-1"),
    'availabilityzone = "us-east-1a"': Compare("availabilityzone", "=", "us-east-1a"),
    'resource.arn = "arn:aws:ecs:x"': Compare("resource.arn", "=", "arn:aws:ecs:x"),
    "!OK": Not(Flag("ok")),
    "error !fault": And((Flag("error"), Not(Flag("fault")))),
    "!ok error": And((Not(Flag("ok")), Flag("error"))),
    "not (ok or error)": Not(Or((Flag("ok"), Flag("error")))),
    "ok AND error OR fault": Or((And((Flag("ok"), Flag("error"))), Flag("fault"))),
    "ok OR error fault": Or((Flag("ok"), And((Flag("error"), Flag("fault"))))),
    'http.url = "http://shop/" AND !error': And(
        (Compare("http.url", "=", "http://shop/"), Not(Flag("error")))
    ),
    'annotation.name = "value"': Annotation("name", "=", "value"),
    "annotation.age > 29": Annotation("age", ">", 29),
    "annotation[age] > 29": Annotation("age", ">", 29),
    "annotation[a.b]": Annotation("a.b"),
    "annotation[a b] = 1e3": Annotation("a b", "=", 1000.0),
    "annotation.gameid": Annotation("gameid"),
    "annotation.Key = true": Annotation("Key", "=", True),
    "service()": Complex("service"),
    'service("api.example.com")': Complex("service", (NodePattern("api.example.com"),)),
    'service(id(name: "api", type: "AWS::EC2::Instance"))': Complex("service", (API,)),
    'service(id(account.id: "111122223333"))': Complex("service", (NodePattern(account="111122223333"),)),
    'service("api") { fault }': Complex("service", (NodePattern("api"),), Flag("fault")),
    'service(id(account.id:"1")) { fault OR (error AND responsetime > 1) }': Complex(
        "service",
        (NodePattern(account="1"),),
        Or((Flag("fault"), And((Flag("error"), Compare("responsetime", ">", 1))))),
    ),
    'edge("web-server", "db")': Complex("edge", (NodePattern("web-server"), NodePattern("db"))),
    'edge("web-server", "db") { error }': Complex(
        "edge", (NodePattern("web-server"), NodePattern("db")), Flag("error")
    ),
    'edge("a", id(name: "b", type: "c")) { fault }': Complex(
        "edge", (NodePattern("a"), NodePattern("b", "c")), Flag("fault")
    ),
    '!edge(id(name:"api", type:"AWS::EC2::Instance"), id(name:"db"))': Not(
        Complex("edge", (API, NodePattern("db")))
    ),
    'edge("a", "b") { source.annotation.x = 1 AND destination.annotation[y.z] = "q" }': Complex(
        "edge",
        (NodePattern("a"), NodePattern("b")),
        And((Annotation("x", "=", 1, "source"), Annotation("y.z", "=", "q", "destination"))),
    ),
    'http.status != 200 AND (service("a") OR service("b"))': And(
        (
            Compare("http.status", "!=", 200),
            Or((Complex("service", (NodePattern("a"),)), Complex("service", (NodePattern("b"),)))),
        )
    ),
    'group.name = "high" AND user = "alice"': And(
        (Compare("group.name", "=", "high"), Compare("user", "=", "alice"))
    ),
    'group.arn = "arn:aws:xray:us-east-1:1:group/x/y"': Compare(
        "group.arn", "=", "arn:aws:xray:us-east-1:1:group/x/y"
    ),
    "rootcause.fault.entity { fault = true AND remote }": Complex(
        "rootcause.fault.entity", (), And((Flag("fault"), Flag("remote")))
    ),
    'rootcause.fault.exception { message CONTAINS "x" }': Complex(
        "rootcause.fault.exception", (), Compare("message", "CONTAINS", "x")
    ),
    "rootcause.responsetime.entity { coverage > 0.5 and index = 0 }": Complex(
        "rootcause.responsetime.entity",
        (),
        And((Compare("coverage", ">", 0.5), Compare("index", "=", 0))),
    ),
    'rootcause.error.service("orders")': Complex("rootcause.error.service", (NodePattern("orders"),)),
    'rootcause.json = #[{"Services": [{"Name": "a"}]}]': Compare(
        "rootcause.json", "=", [{"Services": [{"Name": "a"}]}]
    ),
}


@pytest.mark.parametrize(("text", "tree"), EXAMPLES.items())
def test_an_expression_has_the_tree_that_the_guide_describes(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "character", "expected"),
    [
        ("responsetime >", 15, "expected"),
        ("responsetime > 5 AND", 21, "expected"),
        ('service("x"', 12, "expected"),
        ("ok & error", 4, "expected"),
        ("responstime > 5", 1, "there is no keyword 'responstime'"),
        ('responsetime > "5"', 16, "responsetime takes a number"),
        ("http.url = 5", 12, 'http.url takes a text in "quotes"'),
        ('http.url > "a"', 10, "http.url is a text"),
        ("responsetime CONTAINS 5", 14, "responsetime is a number"),
        ("fault = 1", 7, "fault may be = true or = false"),
        ('edge("a")', 1, "edge takes 2 nodes, not 1"),
        ('service(id(name: "a", name: "b"))', 23, "id takes name once"),
        ('service() { edge("a", "b") }', 13, "edge can't be inside of service"),
        ("annotation.request.id = 1", 1, "a key with dots takes brackets"),
        ("rootcause.fault.entity { coverage > 0.5 }", 26, "coverage is known of rootcause.responsetime"),
        ("rootcause.responsetime.exception { name }", 1, "takes no parentheses"),
        ("rootcause.json = #[{]", 18, "the JSON is invalid"),
        ('rootcause.json = #[{"a": }]', 18, "the JSON is invalid"),
        ('rootcause.json = "a"', 18, "rootcause.json takes JSON"),
        ("http.url = #[1]", 12, "only rootcause.json takes JSON"),
        ("annotation.a = #[1]", 16, "only rootcause.json takes JSON"),
        ('latency("a")', 1, "'latency' takes no parentheses"),
        ('service(id(label: "x"))', 12, "id takes account.id, name, type"),
        (r'http.url = "\q"', 12, "a text escapes with"),
        (r'service("\q")', 9, "a text escapes with"),
        ("", 1, "expected"),
    ],
)
def test_an_error_points_at_the_character(text, character, expected):
    with pytest.raises(FilterError) as caught:
        parse(text)

    first, shown, arrow = str(caught.value).split("\n")
    assert first.startswith(f"Invalid filter expression at character {character}: ")
    assert expected in first
    assert (shown, len(arrow)) == (text, character)


@given(st.text(alphabet='okfault()"{}!=<> .andORNot[]#:,\\5', max_size=120))
def test_any_text_is_an_expression_or_an_error(text):
    with contextlib.suppress(FilterError):
        parse(text)


@pytest.mark.parametrize("text", ["(" * 5000, "!" * 400 + "ok", "not " * 400 + "ok", "ok and " * 250 + "ok"])
def test_a_deep_or_long_expression_is_parsed_or_refused_in_time(text):
    began = time.process_time()
    with contextlib.suppress(FilterError):
        parse(text)

    assert time.process_time() - began < 0.5
