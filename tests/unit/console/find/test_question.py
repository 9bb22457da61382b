"""What the question box takes a text for."""

import pytest

from console.find.question import question_of


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("1-5759e988-bd862e3fe1be46a994272793", "trace", "1-5759e988-bd862e3fe1be46a994272793"),
        ("5759e988bd862e3fe1be46a994272793", "trace", "1-5759e988-bd862e3fe1be46a994272793"),
        (" ord-0123456789abcdef01234567 ", "order", "ord-0123456789abcdef01234567"),
        ("d-4rgt5x9ab", "deployment", "d-4RGT5X9AB"),
        ("936b60f", "commit", "936b60f"),
        ("936B60F0" + "a" * 32, "commit", "936b60f0" + "a" * 32),
        ("/api/orders", "path", 'http.url ENDSWITH "/api/orders"'),
        (
            "post /api/orders",
            "path",
            'http.method = "POST" AND http.url ENDSWITH "/api/orders"',
        ),
        ("GET /api/orders/{id}", "path", 'http.method = "GET" AND http.url CONTAINS "/api/orders/"'),
        ("http://127.0.0.1:8080/", "path", 'http.url ENDSWITH "/"'),
        ('service("orders") { fault }', "filter", 'service("orders") { fault }'),
        ("fault", "filter", "fault"),
        ("deadbeef", "filter", "deadbeef"),
        ("", "filter", ""),
    ],
)
def test_a_text_is_taken_for_what_it_names(text, kind, answer):
    question = question_of(text)

    assert (question.kind, question.text) == (kind, answer)
