"""What the newest traces say below the map."""

import pytest

from console.service_map.overview import client_names, worst_endpoints
from console.shared.text import percent
from console.traces.summaries import endpoint_filter, endpoint_of


def summary(
    url="http://127.0.0.1:8080/", took_s=0.01, *, fault=False, agent="Mozilla/5.0", entry="storefront", sku=""
):
    annotations = {"sku": [{"AnnotationValue": {"StringValue": sku}}]} if sku else {}
    request = {"HttpURL": url, "HttpMethod": "GET", "UserAgent": agent} if url else {}
    return {
        "Id": "1-5759e988-bd862e3fe1be46a994272793",
        "Http": request,
        "ResponseTime": took_s,
        "HasFault": fault,
        "EntryPoint": {"Name": entry},
        "Annotations": annotations,
    }


def test_the_endpoint_that_fails_most_comes_first_then_the_slowest():
    fails = [summary("http://shop/api/products", fault=n < 3) for n in range(10)]
    slow = [summary("http://shop/api/orders", 1.5), summary("http://shop/api/orders", 0.5)]

    endpoints = worst_endpoints([*fails, *slow, summary(), summary("")])

    assert [endpoint.name for endpoint in endpoints] == ["GET /api/products", "GET /api/orders", "GET /"]
    assert (endpoints[0].total, endpoints[0].fault_percent) == (10, 30)
    assert (endpoints[1].p50_s, endpoints[1].p95_s) == (0.5, 1.5)


@pytest.mark.parametrize(
    ("path", "sku", "name", "condition"),
    [
        ("/api/orders", "", "GET /api/orders", 'http.url ENDSWITH "/api/orders"'),
        (
            "/api/orders/ord-0123456789abcdef01234567",
            "",
            "GET /api/orders/{id}",
            'http.url CONTAINS "/api/orders/"',
        ),
        (
            "/api/products/moon-lantern?x=1",
            "moon-lantern",
            "GET /api/products/{sku}",
            'http.url CONTAINS "/api/products/"',
        ),
        ("/", "", "GET /", 'http.url ENDSWITH "/"'),
    ],
)
def test_an_endpoint_is_method_and_path_without_ids(path, sku, name, condition):
    trace = summary(f"http://127.0.0.1:8080{path}", sku=sku)

    assert endpoint_of(trace) == name
    assert endpoint_filter(trace) == f'http.method = "GET" AND {condition}'


def test_clients_are_named_by_what_they_are():
    traces = [
        *(summary() for _ in range(3)),
        summary(agent="Python-urllib/3.13"),
        summary("", entry="orders"),
    ]

    assert client_names(traces) == {"storefront": "shoppers, smoke test", "orders": "recovery"}


@pytest.mark.parametrize(
    ("count", "total", "words"),
    [(0, 9, "0 %"), (1, 1000, "<1 %"), (3, 10, "30 %"), (999, 1000, "99.9 %"), (5, 5, "100 %")],
)
def test_a_share_that_is_not_nought_is_never_0_percent(count, total, words):
    assert percent(count, total) == words
