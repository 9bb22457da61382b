"""Everything that the port serves: the AWS APIs, git, health, and the snapshots and events of a rehearsal."""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from local.awsapi import operations
from local.awsapi.application import Application, foreign_request, request_headers
from local.awsapi.signatures import may_be_unsigned, signed_service, signing_key
from local.iam.operations import UnknownOperation
from local.iam.principals import principal_of
from local.pipeline import api_needs, snapshot
from local.pipeline.architecture import full_name
from local.pipeline.codecommit.repository import URL_PREFIX
from local.pipeline.ecs.fargate_rules import TaskError
from local.pipeline.ecs.sick_task import Refused
from local.pipeline.iam.sessions import AccessDenied
from local.pipeline.load_balancing.haproxy import address as load_balancer_address
from local.pipeline.runner import Runner

SERVICES = ("codepipeline", "codedeploy", "codecommit", "cloudwatch")
INTERFACES = """<?xml version="1.0" encoding="UTF-8"?>
<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\
<requestId>laptop</requestId><networkInterfaceSet>{interfaces}</networkInterfaceSet>\
</DescribeNetworkInterfacesResponse>"""
INTERFACE = """<item><networkInterfaceId>eni-{name}</networkInterfaceId>\
<description>{description}</description>\
<privateIpAddress>{address}</privateIpAddress><status>in-use</status></item>"""


class ApiServer:
    """A WSGI application."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._apis = [
            Application(service, operations.load(f"local.pipeline.{service}.operations", runner))
            for service in SERVICES
        ]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request. AWS's API needs a signature; git's client and our own reading do not."""
        headers = request_headers(environ)
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if reason := foreign_request(method, headers):
            return _answer(start_response, "403 Forbidden", {"message": reason})
        if path.startswith(URL_PREFIX) and (method == "GET" or may_be_unsigned(method, headers)):
            return self._runner.git_http(environ, start_response)
        if denial := self._denial(environ, headers):
            return _answer(
                start_response,
                "403 Forbidden",
                {"__type": denial.code, "message": str(denial)},
                [("x-amzn-errortype", denial.code)],
            )
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target:
            return self._api(target)(environ, start_response)
        query = parse_qs(environ.get("QUERY_STRING", ""))
        match method, path:
            case "GET", "/_lantern/health":
                status = "503 Service Unavailable" if self._runner.trouble else "200 OK"
                return _answer(start_response, status, {"status": self._runner.trouble or "ok"})
            case "GET", "/_lantern/snapshot":
                execution_id = query.get("execution", [""])[0]
                return _answer(start_response, "200 OK", snapshot.take(self._runner, execution_id))
            case "GET", "/_lantern/events":
                after = query.get("after", ["0"])[0]
                events = self._runner.journal.events(int(after) if after.isdecimal() else 0)
                numbered = [event | {"number": number} for number, event in events]
                return _answer(start_response, "200 OK", numbered)
            case (("GET" | "PUT" | "DELETE"), "/_lantern/faults"):
                return self._faults(environ, start_response)
            case "POST", "/" if signed_service(headers) == "ec2":
                return self._ec2(environ, start_response)
            case "POST", _:
                message = {"message": "a request to AWS's API needs a signature, with any credentials"}
                return _answer(start_response, "403 Forbidden", message)
        return _answer(start_response, "404 Not Found", {"message": f"nothing is at {path}"})

    def _denial(self, environ: dict[str, Any], headers: Mapping[str, str]) -> AccessDenied | None:
        """Why the role that signed a request may not have it; None for a person, who may have everything."""
        principal = principal_of(signing_key(headers))
        if principal is None:
            return None
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        target = headers.get("x-amz-target", "")
        try:
            needs = api_needs.needs(self._runner, signed_service(headers), target.rpartition(".")[2], body)
            self._runner.sessions.require(principal.role_arn, principal.session, needs)
        except AccessDenied as denial:
            return denial
        except UnknownOperation as error:
            return AccessDenied(f"User: {principal.arn} is refused: {error}")
        return None

    def _api(self, target: str) -> Application:
        prefix = target.partition(".")[0]
        return next((api for api in self._apis if api.target_prefix == prefix), self._apis[0])

    def _faults(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Which of the tasks is sick; a form of another page cannot send PUT or DELETE."""
        sick_task = self._runner.sick_task
        try:
            match environ["REQUEST_METHOD"]:
                case "GET":
                    return _answer(start_response, "200 OK", sick_task.state())
                case "PUT":
                    body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), 65536))
                case _:
                    body = b'{"faults": []}'
            return _answer(start_response, "200 OK", sick_task.replace(body))
        except (Refused, TaskError) as error:
            return _answer(start_response, "400 Bad Request", {"message": str(error)})

    def _ec2(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """DescribeNetworkInterfaces, with which the smoke hook finds a load balancer. Nothing else of EC2."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(min(length, 65536)).decode(errors="replace"))
        if form.get("Action") != ["DescribeNetworkInterfaces"]:
            return _answer(start_response, "400 Bad Request", {"message": "no such operation here"})
        filters = {value for key, values in form.items() if ".Value." in key for value in values}
        interfaces = []
        for name in self._runner.architecture.balancers:
            description = f"ELB {full_name('app', name)}"
            if not filters or description in filters:
                fields = {"name": name, "description": description, "address": load_balancer_address()}
                interfaces.append(INTERFACE.format(**fields))
        body = INTERFACES.format(interfaces="".join(interfaces)).encode()
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
        return [body]


def _answer(
    start_response: Any, status: str, body: Any, headers: Iterable[tuple[str, str]] = ()
) -> Iterable[bytes]:
    content = json.dumps(body).encode()
    lines = [("Content-Type", "application/json"), ("Content-Length", str(len(content))), *headers]
    start_response(status, lines)
    return [content]
