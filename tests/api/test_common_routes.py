"""What all services answer alike: health, version, API document, faults, a refusal of wrong settings."""

import json
import subprocess
import time

import jsonschema
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shop import ROOT, SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_that_it_is_alive_ready_and_which_build_it_is(shop, name):
    url = shop[name].url

    alive, ready, version = (
        requests.get(f"{url}/{path}", timeout=5) for path in ("healthz", "readyz", "version")
    )

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert version.json() == {"service": name, "version": "1.0.0-test", "commit": "unknown"}
    for answer in (alive, ready, version):
        assert answer.headers["X-Amzn-Trace-Id"].startswith("Root=1-")
        assert answer.headers["X-Service-Version"] == "1.0.0-test"


CALLS = [
    ("storefront", "GET", "/api/products", None),
    ("storefront", "GET", "/api/products/{sku}", None),
    ("storefront", "POST", "/api/orders", "lantern-of-the-document"),
    ("storefront", "POST", "/api/orders", "no-such-lantern"),
    ("catalog", "GET", "/products", None),
    ("catalog", "GET", "/products/{sku}", None),
    ("catalog", "PUT", "/reservations/{order_id}", "lantern-of-the-document"),
    ("catalog", "DELETE", "/reservations/{order_id}", None),
    ("orders", "POST", "/orders", "lantern-of-the-document"),
    ("orders", "GET", "/orders", None),
    ("orders", "GET", "/orders/{order_id}", None),
    ("orders", "GET", "/readyz", None),
]


@pytest.mark.parametrize(("name", "method", "path", "sku"), CALLS)
def test_what_is_answered_is_what_the_document_says(shop, name, method, path, sku):
    shop.add_product("lantern-of-the-document", 50)
    document = requests.get(f"{shop[name].url}/openapi.json", timeout=5).json()
    address = path.replace("{sku}", "lantern-of-the-document").replace("{order_id}", "order-of-the-document")
    body = {"items": [{"sku": sku, "quantity": 1}]} if sku else None

    answer = requests.request(
        method, shop[name].url + address, json=body, headers={"Idempotency-Key": f"document-{sku}"}, timeout=5
    )

    described = document["paths"][path][method.lower()]["responses"][str(answer.status_code)]
    if answer.status_code == 204:
        assert answer.content == b""
        return
    (schema,) = (content["schema"] for content in described["content"].values())
    jsonschema.validate(answer.json(), schema | {"components": document["components"]})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 1003)
    | st.floats(0, 3)
    | st.sampled_from(["", "a-b", "A", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["items", "sku", "quantity"]), inner)
    ),
    max_leaves=8,
)
BASKETS = st.fixed_dictionaries(
    {
        "items": st.lists(
            st.fixed_dictionaries({"sku": st.sampled_from(["a", "b-c", "", "X", 1]), "quantity": JSON})
        )
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | BASKETS)
def test_the_schema_refuses_what_the_service_refuses(shop, body):
    document = requests.get(f"{shop['orders'].url}/openapi.json", timeout=5).json()
    content = document["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]
    fits = jsonschema.Draft202012Validator(
        content["schema"] | {"components": document["components"]}
    ).is_valid(body)

    answer = requests.post(
        f"{shop['orders'].url}/orders",
        data=json.dumps(body),
        headers={"Idempotency-Key": "of-the-schema", "Content-Type": "application/json"},
        timeout=5,
    )

    assert answer.status_code == 400  # none of these lanterns exists
    if not fits:
        assert "there is no lantern" not in answer.text


def test_injected_faults_are_switched_on_described_and_switched_off(shop):
    shop["catalog"].stop()
    shop.restart("catalog", FAULTS="on")
    url = shop["catalog"].url
    try:
        slow = requests.put(f"{url}/faults", json={"latency_ms": 300}, timeout=5)
        started = time.monotonic()
        assert requests.get(f"{url}/products", timeout=5).status_code == 200
        assert time.monotonic() - started >= 0.3
        assert requests.get(f"{url}/faults", timeout=5).json() == slow.json()

        requests.put(f"{url}/faults", json={"error_share": 1}, timeout=5)
        failed = requests.get(f"{url}/products", timeout=5)
        assert (failed.status_code, failed.json()["type"]) == (500, "urn:problem:injected-fault")
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
        assert requests.get(f"{shop.url}/api/products", timeout=5).status_code == 503

        assert requests.delete(f"{url}/faults", timeout=5).status_code == 200
        assert requests.get(f"{url}/products", timeout=5).status_code == 200
    finally:
        shop["catalog"].stop()
        shop.restart("catalog", FAULTS="off")
        shop.wait_ready()


def test_wrong_settings_end_the_start_with_one_line_that_names_them(shop):
    environ = shop["orders"].environ | {"CATALOG_URL": "", "DEADLINE_MS": "soon", "LOG_LEVEL": "LOUD"}

    done = subprocess.run(
        shop["orders"].command,
        cwd=ROOT,
        env=environ | {"PORT": "0"},
        capture_output=True,
        text=True,
        timeout=20,
    )

    (refusal,) = [line for line in done.stdout.splitlines() if '"CRITICAL"' in line]
    assert done.returncode == 3
    assert all(
        name in refusal for name in ("CATALOG_URL is not set", "DEADLINE_MS='soon'", "LOG_LEVEL='LOUD'")
    )
