"""/openapi.json is valid and describes each route with the models that validate it."""

import pytest
from openapi_spec_validator import validate

from tests.contract.test_services_readme import APPS, _region, routes_of  # noqa: F401


@pytest.fixture(name="document", params=sorted(APPS))
def _document(request):
    create_app, settings, values = APPS[request.param]
    client = create_app(settings(faults=True, **values)).test_client()
    return request.param, client.get("/openapi.json").json


def test_the_document_is_valid_openapi(document):
    validate(document[1])


def test_every_route_but_the_page_is_described(document):
    name, spec = document
    described = {f"{method.upper()} {path}" for path, methods in spec["paths"].items() for method in methods}

    assert described == {route for route, _ in routes_of(name)} - {"GET /"}


def test_the_document_is_about_this_service_alone(document):
    name, spec = document

    assert spec["info"]["title"] == f"Lantern {name}"
    assert ("/reservations/{order_id}" in spec["paths"]) == (name == "catalog")


def test_the_limits_that_validate_are_the_limits_that_are_described(document):
    name, spec = document
    if name == "catalog":
        operation = spec["paths"]["/reservations/{order_id}"]["put"]
    else:
        operation = spec["paths"]["/api/orders" if name == "storefront" else "/orders"]["post"]
        (header,) = [p for p in operation["parameters"] if p["in"] == "header"]
        assert (header["name"], header["required"]) == ("Idempotency-Key", True)

    def resolve(schema):
        return spec["components"]["schemas"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema

    basket = resolve(operation["requestBody"]["content"]["application/json"]["schema"])
    line = resolve(basket["properties"]["items"]["items"])
    assert (basket["properties"]["items"]["maxItems"], basket["additionalProperties"]) == (20, False)
    assert line["properties"]["quantity"] | {"title": ""} == {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "title": "",
    }
