"""Filter expressions: AWS's own examples, precedence, and an error that points."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.xray.expressions import And, Annotation, Compare, Complex, Flag, Not, Or, Who
from local.xray.filters import FilterError, parse

EXAMPLES = [
    "ok",
    "error",
    "throttle = true",
    "fault = false",
    "partial",
    "inferred",
    "first",
    "last",
    "remote",
    "root",
    "responsetime > 5",
    "duration >= 5 AND duration <= 8",
    "http.status != 200",
    'http.url CONTAINS "/api/game/"',
    "http.url",
    "responsetime",
    "!OK",
    "error !fault",
    'http.url = "http://shop/" AND !error',
    'http.method = "GET"',
    'http.useragent BEGINSWITH "curl"',
    'http.clientip = "8.8.8.8"',
    'user = "alice"',
    'name ENDSWITH "front"',
    'type = "AWS::DynamoDB::Table"',
    'message CONTAINS "timeout"',
    'instance.id = "i-1"',
    'availabilityzone = "us-east-1a"',
    'resource.arn = "arn:aws:ecs:x"',
    'annotation.name = "value"',
    "annotation.age > 29",
    "annotation[age] > 29",
    "annotation[a.b]",
    "annotation.gameid",
    'service("api.example.com")',
    "service()",
    'service(id(name: "api", type: "AWS::EC2::Instance"))',
    'service(id(account.id: "111122223333"))',
    'service("api.example.com") { fault }',
    'service(id(account.id:"1")) { fault OR (error AND responsetime > 1) }',
    'edge("web-server", "db")',
    'edge("web-server", "db") { error }',
    'edge("a", id(name: "b", type: "c")) { fault }',
    '!edge(id(name:"api", type:"AWS::EC2::Instance"), id(name:"db"))',
    'edge("a", "b") { source.annotation.x = 1 AND destination.annotation[y.z] = "q" }',
    'http.status != 200 AND (service("a") OR service("b"))',
    'group.name = "high" AND user = "alice"',
    'group.arn = "arn:aws:xray:us-east-1:1:group/x/y"',
    "rootcause.fault.entity { fault = true AND remote }",
    'rootcause.fault.exception { message CONTAINS "x" }',
    "rootcause.responsetime.entity { coverage > 0.5 and index = 0 }",
    'rootcause.error.service("orders")',
    'rootcause.json = #[{"Services": [{"Name": "a"}]}]',
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_understood(text):
    assert parse(text) is not None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("ok AND error OR fault", Or((And((Flag("ok"), Flag("error"))), Flag("fault")))),
        ("ok OR error fault", Or((Flag("ok"), And((Flag("error"), Flag("fault")))))),
        ("!ok error", And((Not(Flag("ok")), Flag("error")))),
        ("not (ok or error)", Not(Or((Flag("ok"), Flag("error"))))),
        ("FAULT", Flag("fault")),
        ("fault != true", Flag("fault", False)),
        ("ResponseTime>=0.5", Compare("responsetime", ">=", 0.5)),
        (r'http.url = "a\"b\u0041"', Compare("http.url", "=", 'a"bA')),
        ("annotation.Key = true", Annotation("Key", "=", True)),
        ("annotation[a b] = 1e3", Annotation("a b", "=", 1000.0)),
        (
            'edge("a", id(type: "t")) { error }',
            Complex("edge", (Who("a"), Who(type="t")), Flag("error")),
        ),
        (
            'edge("a", "b") { source.annotation.x }',
            Complex("edge", (Who("a"), Who("b")), Annotation("x", side="source")),
        ),
    ],
)
def test_the_tree_is_as_the_language_says(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "character", "said"),
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
        ('latency("a")', 1, "'latency' takes no parentheses"),
        ('service(id(label: "x"))', 12, "id takes account.id, name, type"),
        (r'http.url = "\q"', 12, "a text escapes with"),
        ("", 1, "expected"),
    ],
)
def test_an_error_points_at_the_character(text, character, said):
    with pytest.raises(FilterError) as caught:
        parse(text)

    first, shown, arrow = str(caught.value).split("\n")
    assert first.startswith(f"Invalid filter expression at character {character}: ")
    assert said in first
    assert (shown, len(arrow)) == (text, character)


@given(st.text(alphabet='okfault()"{}!=<> .andORNot[]#:,\\5', max_size=120))
def test_any_text_is_an_expression_or_an_error(text):
    with contextlib.suppress(FilterError):
        parse(text)


@pytest.mark.parametrize("text", ["(" * 5000, "!" * 400 + "ok", "not " * 400 + "ok", "ok and " * 250 + "ok"])
def test_a_deep_or_a_long_one_ends_in_time(text):
    began = time.perf_counter()
    with contextlib.suppress(FilterError):
        parse(text)

    assert time.perf_counter() - began < 0.5
