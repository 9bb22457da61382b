"""A WSGI application that serves the API of one AWS service as botocore's model describes it.

In the rest-json protocol each operation has a path; in the json protocol the header X-Amz-Target names it.
"""

import logging
import re
import uuid
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import orjson
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from local.awsapi import shapes
from local.awsapi.errors import (
    AccessDeniedException,
    ApiError,
    InvalidRequestException,
    MissingAuthenticationTokenException,
    NotImplementedYet,
    SerializationException,
    UnknownOperationException,
)
from local.awsapi.signatures import may_be_unsigned, signed_service
from origins import foreign_sender, is_own_host

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 6 * 1024 * 1024
Operation = Callable[[dict[str, Any]], dict[str, Any]]
Denial = Callable[[Mapping[str, str], str], str]
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """Serves `operations`, given by their names in the API; answers the others with NotImplemented.

    `not_required` names members, by their shapes, that the model requires and the service does not.
    `unsigned` names operations that AWS's own SDKs call without a signature. `denial` says why whoever sent
    these headers may not have an operation, or "".
    """

    def __init__(
        self,
        service: str,
        operations: Mapping[str, Operation],
        not_required: Mapping[str, Collection[str]] | None = None,
        unsigned: Collection[str] = (),
        denial: Denial | None = None,
    ) -> None:
        description = Loader().load_service_model(service, "service-2")
        for shape, members in (not_required or {}).items():
            required = description["shapes"][shape]["required"]
            description["shapes"][shape]["required"] = [name for name in required if name not in members]
        self.model = ServiceModel(description, service)
        self._operations = operations
        self._unsigned, self._denial = unsigned, denial
        self.target_prefix: str = self.model.metadata.get("targetPrefix", "")  # "" with rest-json
        self._routes: dict[tuple[str, str], OperationModel] = {}
        for name in self.model.operation_names:
            operation = self.model.operation_model(name)
            self._routes[operation.http["method"], operation.http["requestUri"]] = operation
        if unknown := operations.keys() - set(self.model.operation_names):
            raise ValueError(f"{service} has no operation {', '.join(sorted(unknown))}")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request with a JSON document, whatever was sent."""
        try:
            status, headers, body = 200, {}, self._answer(environ)
        except ApiError as error:
            status, headers = error.status, {"x-amzn-errortype": error.code}
            body = self._error_body(error.code, error.message_key, str(error)) | error.details
        except Exception:  # outermost edge of a request: logged, and the server goes on
            log.exception("%s %s failed", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            status, headers = 500, {"x-amzn-errortype": "InternalFailure"}
            body = self._error_body("InternalFailure", "Message", "The stand-in failed; its log says how.")
        content = orjson.dumps(body)
        headers |= {
            "Content-Type": "application/x-amz-json-1.1" if self.target_prefix else "application/json",
            "Content-Length": str(len(content)),
            "x-amzn-RequestId": str(uuid.uuid4()),
        }
        start_response(f"{status} {'OK' if status == 200 else 'Error'}", list(headers.items()))
        return [content]

    def _answer(self, environ: Environ) -> Any:
        method, headers = environ["REQUEST_METHOD"], request_headers(environ)
        if reason := foreign_request(method, headers):
            raise AccessDeniedException(reason)
        operation = self._named(environ) if self.target_prefix else self._routed(environ)
        is_allowed = operation.name in self._unsigned and may_be_unsigned(method, headers)
        if not is_allowed and not signed_service(headers):
            raise MissingAuthenticationTokenException(
                f"{operation.name} needs a signature, with any credentials: ask with aws or an SDK"
            )
        if self._denial and (reason := self._denial(headers, operation.name)):
            raise AccessDeniedException(reason)
        run = self._operations.get(operation.name)
        if run is None:
            raise NotImplementedYet(f"{operation.name} is in AWS's API and not in this local stand-in yet")
        request = shapes.parse(operation.input_shape, _read_json(environ))
        answer = shapes.render(operation.output_shape, run(request))
        return shapes.without_nulls(answer) if self.target_prefix else answer

    def _routed(self, environ: Environ) -> OperationModel:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        operation = self._routes.get((method, path)) or self._routes.get((method, path.rstrip("/")))
        if operation is None:
            error = InvalidRequestException(f"{self.model.service_name} has no operation at {method} {path}")
            error.status = 404
            raise error
        return operation

    def _named(self, environ: Environ) -> OperationModel:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        prefix, _, name = target.partition(".")
        if prefix != self.target_prefix or name not in self.model.operation_names:
            raise UnknownOperationException(f"{self.model.service_name} has no operation {target!r}")
        return self.model.operation_model(name)

    def _error_body(self, code: str, key: str, message: str) -> dict[str, str]:
        return {"__type": code, "message": message} if self.target_prefix else {key: message}


def request_headers(environ: Environ) -> dict[str, str]:
    """The headers of a WSGI request by their lower-case names."""
    names = {name: name.removeprefix("HTTP_") for name in environ if name.startswith("HTTP_")}
    headers = {short.replace("_", "-").lower(): str(environ[name]) for name, short in names.items()}
    return headers | {"content-type": environ.get("CONTENT_TYPE", "")}


def foreign_request(method: str, headers: Mapping[str, str], *, is_page: bool = False) -> str:
    """Why a stand-in refuses a request as one of a foreign web page; "" when it is none.

    `is_page` as in `foreign_sender`."""
    host = headers.get("host", "")
    if not is_own_host(host):
        return f"This stand-in answers under no name of the internet: Host: {host[:100]}"
    sender = foreign_sender(method, headers, is_page=is_page)
    return f"This stand-in answers no web page of another origin: {sender}" if sender else ""


def _read_json(environ: Environ) -> Any:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > BODY_LIMIT_BYTES:
        raise InvalidRequestException(f"The body must be at most {BODY_LIMIT_BYTES} bytes long")
    body = environ["wsgi.input"].read(int(length))
    try:
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":  # botocore compresses large requests
            body = zlib.decompressobj(31).decompress(body, BODY_LIMIT_BYTES)
        return orjson.loads(body) if body.strip() else None
    except (ValueError, zlib.error) as error:
        raise SerializationException(f"The body is not JSON: {error}") from error
