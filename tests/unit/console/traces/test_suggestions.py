"""What is offered in the place of a wrong filter, read by the filter language of the local X-Ray."""

import pytest

from console.traces.suggestions import suggestions
from local.xray.filters.parser import FilterError, parse

NODES = ["catalog", "lantern-orders", "orders", "storefront"]


def offered(expression):
    for candidate in suggestions(expression, NODES):
        try:
            parse(candidate)
        except FilterError:
            continue
        return candidate
    return ""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("fault ANDX ok", "fault AND ok"),
        ("status=500", "http.status = 500"),
        ("status: 404 && responsetime > 500ms", "http.status = 404 AND responsetime > 0.5"),
        ("500", "http.status = 500"),
        ("catalog", 'service("catalog")'),
        ("katalog", 'service("catalog")'),
        ("service(orders) { fault }", 'service("orders") { fault }'),
        ("service('orders')", 'service("orders")'),
        ("service = orders", 'service("orders")'),
        ("edge(storefront, orders)", 'edge("storefront", "orders")'),
        ("method = post", 'http.method = "post"'),
        ("url = /api/orders", 'http.url CONTAINS "/api/orders"'),
        ("annotation.version == 1.2.3", 'annotation[version] = "1.2.3"'),
        ("version=1.2.3", 'annotation[version] = "1.2.3"'),
        ("latency > 1s", "responsetime > 1"),
        ("faultt", "fault"),
        ('service("orders" { fault', 'service("orders") { fault}'),
        ("lanterns", 'http.url CONTAINS "lanterns"'),
    ],
)
def test_a_wrong_filter_offers_the_likely_right_one(wrong, right):
    assert offered(wrong) == right
