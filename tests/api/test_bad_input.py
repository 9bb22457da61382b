"""Whatever is sent: a clear 4xx that names what is wrong, never a 5xx, and no row written."""

import json
import socket

import pytest
import requests

GOOD = {"items": [{"sku": "camp-ember-lantern", "quantity": 1}]}


def item(**changes):
    return {"items": [{**GOOD["items"][0], **changes}]}


def body_of(document):
    return json.dumps(document).encode()


BODIES = {
    "not-json": (b"{", 400, "body"),
    "empty": (b"", 400, "body"),
    "not-utf-8": (b'{"items": "\xff\xfe"}', 400, "body"),
    "nan": (b'{"items": [{"sku": "camp-ember-lantern", "quantity": NaN}]}', 400, "body"),
    "deep": (b'{"items":' + b"[" * 30000 + b"]" * 30000 + b"}", 400, "body"),
    "a-list": (b"[]", 400, "items"),
    "a-string": (b'"{}"', 400, "body"),
    "a-number": (b"1", 400, "body"),
    "null": (b"null", 400, "items"),
    "no-items": (body_of({}), 400, "items"),
    "empty-items": (body_of({"items": []}), 400, "items"),
    "items-no-list": (body_of({"items": "all"}), 400, "items"),
    "unknown-field": (body_of({**GOOD, "coupon": "FREE"}), 400, "coupon"),
    "unknown-field-in-line": (body_of(item(price=1)), 400, "items[0].price"),
    "unknown-sku": (body_of(item(sku="no-such-lantern")), 400, "items[0].sku"),
    "empty-sku": (body_of(item(sku="")), 400, "items[0].sku"),
    "long-sku": (body_of(item(sku="a" * 65)), 400, "items[0].sku"),
    "sql": (body_of(item(sku="'; DROP TABLE orders; --")), 400, "items[0].sku"),
    "html": (body_of(item(sku="<script>alert(1)</script>")), 400, "items[0].sku"),
    "reservation-as-sku": (body_of(item(sku="reservation#ord-1")), 400, "items[0].sku"),
    "surrogate": (b'{"items": [{"sku": "\\ud800", "quantity": 1}]}', 400, ""),
    "null-byte": (b'{"items": [{"sku": "a\\u0000", "quantity": 1}]}', 400, "items[0].sku"),
    "number-as-sku": (body_of(item(sku=7)), 400, "items[0].sku"),
    "zero": (body_of(item(quantity=0)), 400, "items[0].quantity"),
    "negative": (body_of(item(quantity=-1)), 400, "items[0].quantity"),
    "huge": (body_of(item(quantity=10**9)), 400, "items[0].quantity"),
    "beyond-64-bit": (body_of(item(quantity=10**30)), 400, ""),
    "fraction": (body_of(item(quantity=1.5)), 400, "items[0].quantity"),
    "text-quantity": (body_of(item(quantity="1")), 400, "items[0].quantity"),
    "true-quantity": (body_of(item(quantity=True)), 400, "items[0].quantity"),
    "null-quantity": (body_of(item(quantity=None)), 400, "items[0].quantity"),
    "duplicate-skus": (body_of({"items": GOOD["items"] * 2}), 400, "items"),
    "1000-items": (
        body_of({"items": [{"sku": f"lantern-{n}", "quantity": 1} for n in range(1000)]}),
        400,
        "items",
    ),
    "over-64-kb": (body_of({**GOOD, "note": "x" * 65536}), 413, ""),
}


@pytest.mark.parametrize("door", ["storefront", "orders"])
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_by_name_and_writes_nothing(shop, door, name):
    body, status, field = BODIES[name]
    before = _everything(shop)
    path = "/api/orders" if door == "storefront" else "/orders"

    refused = requests.post(
        shop[door].url + path,
        data=body,
        headers={"Idempotency-Key": f"bad-{name}", "Content-Type": "application/json"},
        timeout=5,
    )

    problem = refused.json()
    assert refused.status_code == status, problem
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["trace_id"] in refused.headers["X-Amzn-Trace-Id"]
    assert field in [e["field"] for e in problem["errors"]] if field else problem["detail"]
    assert _everything(shop) == before


@pytest.mark.parametrize("name", ["unknown-sku", "fraction", "duplicate-skus", "sql"])
def test_the_catalog_refuses_a_bad_reservation_in_the_same_way(shop, name):
    body, status, field = BODIES[name]

    refused = requests.put(
        f"{shop['catalog'].url}/reservations/bad-reservation",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=5,
    )

    assert refused.status_code == status
    assert field in [e["field"] for e in refused.json()["errors"]]


@pytest.mark.parametrize("key", [None, "", "a b", "schlüssel", "x" * 256])
def test_a_missing_or_odd_key_is_named(shop, key):
    headers = {} if key is None else {"Idempotency-Key": key.encode()}

    refused = requests.post(f"{shop.url}/api/orders", json=GOOD, headers=headers, timeout=5)

    assert refused.status_code == 400
    assert [e["field"] for e in refused.json()["errors"]] == ["Idempotency-Key"]


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"],
)
def test_another_content_type_is_415(shop, content_type):
    headers = {"Idempotency-Key": "wrong-content-type"} | (
        {"Content-Type": content_type} if content_type else {}
    )

    refused = requests.post(f"{shop.url}/api/orders", data=body_of(GOOD), headers=headers, timeout=5)

    assert refused.status_code == 415
    assert "application/json" in refused.json()["detail"]


def test_a_chunked_body_over_64_kb_is_413(shop):
    chunks = (b"x" * 1024 for _ in range(100))
    headers = {"Idempotency-Key": "chunked", "Content-Type": "application/json"}

    refused = requests.post(f"{shop.url}/api/orders", data=chunks, headers=headers, timeout=5)

    assert refused.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/products/no-such-lantern", 404),
        ("GET", "/api/products/reservation%23ord-1", 404),
        ("GET", "/api/products/%00", 404),
        ("GET", "/api/products/%ff%fe", 404),
        ("GET", "/api/products/" + "a" * 3000, 404),
        ("GET", "/api/orders/ord-unknown", 404),
        ("GET", "/api/orders/%3Cscript%3E", 404),
        ("DELETE", "/api/products", 405),
        ("PUT", "/api/orders", 405),
        ("PUT", "/faults", 405),
    ],
)
def test_what_is_not_there_is_a_problem_document_too(shop, method, path, status):
    answer = requests.request(method, shop.url + path, timeout=5)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["trace_id"] in answer.headers["X-Amzn-Trace-Id"]


@pytest.mark.parametrize(
    "header",
    ["", "Root=1-0-0", "Root=;Parent=;Sampled=", "garbage", "Root=" + "a" * 5000, "Self=1;Lineage=2:x:3"],
)
def test_an_odd_trace_header_starts_a_new_trace(shop, header):
    answer = requests.get(f"{shop.url}/api/products", headers={"X-Amzn-Trace-Id": header}, timeout=5)

    assert answer.status_code == 200
    assert answer.headers["X-Amzn-Trace-Id"].startswith("Root=1-")


def test_a_request_that_is_not_http_harms_nobody(shop):
    with socket.create_connection(("127.0.0.1", shop["storefront"].port)) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        connection.recv(1000)

    assert shop["storefront"].answers("/healthz")


def _everything(shop):
    dynamodb = shop.client("dynamodb")
    return [
        [
            page["Items"]
            for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        ]
        for table in ("lantern-orders", "lantern-products")
    ]
