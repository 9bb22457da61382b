"""One schema validates and describes: what is refused and by which name, and what the document says of it."""

from types import SimpleNamespace

import orjson
import pytest
from flask import Blueprint, Flask
from pydantic import BaseModel, Field

from services.common import openapi, problems
from services.common.openapi import BODY_LIMIT_BYTES, Input, answers, describe


class Part(Input):
    size: int = Field(ge=1)


class Parcel(Input):
    """What is sent."""

    parts: list[Part]


class Sender(BaseModel):
    name: str = Field(alias="X-Sender", pattern="^[a-z]+$")


class Page(BaseModel):
    page: int = Field(default=1, ge=1)


routes = Blueprint("parcels", __name__)


@routes.post("/parcels")
@describe(json=Parcel, headers=Sender, resp=answers(HTTP_201=Parcel, problems=(400, 413, 415)))
def post(json: Parcel, headers: Sender):
    """Send a parcel."""
    return json, 201


@routes.get("/parcels")
@describe(query=Page, resp=answers(HTTP_200=Page, problems=(400,)))
def show(query: Page):
    """List parcels."""
    return query


@pytest.fixture(name="app")
def _app():
    app = Flask("parcels")
    app.extensions["settings"] = SimpleNamespace(version="1")
    for part in (openapi, problems):
        part.init_app(app)
    app.register_blueprint(routes)
    openapi.write_document(app, {})
    return app


@pytest.fixture(name="send")
def _send(app):
    def send(body, content_type="application/json", sender="ann"):
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"Content-Type": content_type, "X-Sender": sender}
        return app.test_client().post("/parcels", data=data, headers=headers)

    return send


def test_what_fits_the_models_reaches_the_route(send):
    answer = send({"parts": [{"size": 2}]}, "application/json; charset=utf-8")

    assert (answer.status_code, answer.json) == (201, {"parts": [{"size": 2}]})


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"parts": [{"size": 0}, {"size": "2"}, {}]}, ["parts[0].size", "parts[1].size", "parts[2].size"]),
        ({"parts": [{"size": 1, "colour": "red"}]}, ["parts[0].colour"]),
        ({}, ["parts"]),
        ([], ["parts"]),
        ("parts", ["body"]),
        (b'{"parts": NaN}', ["body"]),
        (b"", ["body"]),
        (b"\xff", ["body"]),
        (b"[" * 10_000, ["body"]),
    ],
    ids=str,
)
def test_every_wrong_field_of_a_body_is_named_by_its_place(send, body, fields):
    refused = send(body)

    assert (refused.status_code, refused.content_type) == (400, "application/problem+json")
    assert [error["field"] for error in refused.json["errors"]] == fields


def test_a_wrong_header_or_query_parameter_is_named(app, send):
    assert [error["field"] for error in send({"parts": []}, sender="7").json["errors"]] == ["X-Sender"]
    assert [error["field"] for error in app.test_client().get("/parcels?page=0").json["errors"]] == ["page"]


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_sent_as_json_is_refused(send, content_type):
    refused = send({"parts": []}, content_type)

    assert (refused.status_code, refused.json["type"]) == (415, "urn:problem:unsupported-media-type")


@pytest.mark.parametrize("size", [BODY_LIMIT_BYTES + 1, 2 * BODY_LIMIT_BYTES])
def test_a_body_over_the_limit_is_refused(send, size):
    refused = send(b" " * size)

    assert (refused.status_code, refused.json["type"]) == (413, "urn:problem:too-large")


def test_the_document_describes_what_validates(app):
    document = app.test_client().get("/openapi.json").json

    operation = document["paths"]["/parcels"]["post"]
    schemas = document["components"]["schemas"]
    assert operation["summary"] == "Send a parcel."
    assert sorted(operation["responses"]) == ["201", "400", "413", "415", "default"]
    assert [(p["name"], p["in"], p["required"]) for p in operation["parameters"]] == [
        ("X-Sender", "header", True)
    ]
    assert schemas["Part"]["properties"]["size"] == {"minimum": 1, "title": "Size", "type": "integer"}
    assert schemas["ProblemDocument"]["required"] == ["type", "title", "status", "detail", "trace_id"]


def test_each_app_of_a_process_has_a_whole_document_of_its_own(app):
    first = app.extensions["openapi"]
    app.extensions["settings"] = SimpleNamespace(version="2")

    openapi.write_document(app, {})

    assert app.extensions["openapi"]["info"] == {"title": "Lantern parcels", "version": "2"}
    assert app.extensions["openapi"]["components"] == first["components"]
