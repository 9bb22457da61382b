"""One schema validates the input and describes it at /openapi.json."""

import copy
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import orjson
from flask import Flask, Request, current_app
from flask.typing import RouteCallable
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from spectree import Response, SpecTree
from spectree.plugins.flask_plugin import FlaskPlugin

from services.common.problems import (
    PROBLEM_TYPE,
    FieldError,
    InvalidInput,
    ProblemDocument,
    TooLarge,
    UnsupportedMedia,
)

BODY_LIMIT_BYTES = 64 * 1024


class Input(BaseModel):
    """Base of what callers send: exact types, and no field that we do not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]  # JSON has one kind of numbers: 2.0 is an integer, too


class JsonRequest(Request):
    """Reads JSON strictly: the right content type, UTF-8, no NaN, a bounded size and depth."""

    # a chunked body does not say its length: it is cut there, and is then seen to be too large
    max_content_length = BODY_LIMIT_BYTES + 1

    def get_json(self, *_: Any, **__: Any) -> Any:
        """The parsed body. Raises UnsupportedMedia, TooLarge or InvalidInput."""
        if self.mimetype != "application/json":
            raise UnsupportedMedia("Content-Type: expected application/json")
        body = b"" if (self.content_length or 0) > BODY_LIMIT_BYTES else self.get_data()
        if (self.content_length or len(body)) > BODY_LIMIT_BYTES:
            raise TooLarge(f"body: expected at most {BODY_LIMIT_BYTES} bytes")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(FieldError("body", f"expected JSON: {error}")) from error


class _OnlyJson(FlaskPlugin):
    """Spectree hands a route None for a body that was sent as a form; here every body is JSON."""

    FORM_MIMETYPE = ()  # type: ignore[assignment]


def _refuse(_request: Any, _response: Any, error: Exception | None, *_: Any) -> None:
    if isinstance(error, ValidationError):
        raise InvalidInput(
            *(FieldError(_path(e["loc"]), e["msg"].removeprefix("Value error, ")) for e in error.errors())
        )


def _path(location: tuple[int | str, ...]) -> str:
    """A place in the input as a reader writes it, e.g. `items[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".") or "body"


spec = SpecTree(
    backend=_OnlyJson,
    title="Lantern",
    version="1",
    mode="strict",
    before=_refuse,
    validation_error_status=400,
    validation_error_model=ProblemDocument,
    page_templates={},
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)


def describe(**parts: Any) -> Callable[[Callable[..., Any]], RouteCallable]:
    """Validate `json`, `headers` and `query` of a route by their models, and describe them with `resp`."""
    return spec.validate(**parts)


def answers(*without_body: int, problems: tuple[int, ...] = (), **models: type[BaseModel]) -> Response:
    """What a route may answer: `answers(204, HTTP_200=Order, problems=(404, 503))`."""
    documents = {f"HTTP_{status}": ProblemDocument for status in problems}
    return Response(*(f"HTTP_{status}" for status in without_body), **models, **documents)


def init_app(app: Flask) -> None:
    """Read bodies strictly and answer GET /openapi.json."""
    app.request_class = JsonRequest
    app.add_url_rule("/openapi.json", view_func=show_document)


def write_document(app: Flask, path_schemas: Mapping[str, dict[str, Any]]) -> None:
    """Write the app's document, once all its routes are known, with the schemas of parts of paths by name."""
    models = copy.deepcopy(spec.models)  # spectree takes them apart, and a process may make several apps
    with app.app_context():
        document = spec._generate_spec()
    spec.models = models
    document["info"] |= {"title": f"Lantern {app.name}", "version": app.extensions["settings"].version}
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        _describe_problems(operation["responses"])
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                parameter["schema"] |= path_schemas.get(parameter["name"], {})
    app.extensions["openapi"] = document


def _describe_problems(responses: dict[str, Any]) -> None:
    """Give problem documents their content type, and say that every other error is one too."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    for response in responses.values():
        schemas = [body["schema"].get("$ref") for body in response.get("content", {}).values()]
        if schemas == ["#/components/schemas/ProblemDocument"]:
            response["content"] = content
    responses["default"] = {"description": "Any other error", "content": content}


@describe(resp=answers(200))
def show_document() -> dict[str, Any]:
    """This document."""
    document: dict[str, Any] = current_app.extensions["openapi"]
    return document
