"""MiniStack's environment variables and internals; no other module knows them.

Some of the functions used here are not MiniStack's public interface, which is why its version is pinned:
`ministack.app.app` is the ASGI application that its command serves; `get_state` and `save_state` of its
DynamoDB write the file that it reads at the next start; `_put_events` of its EventBridge accepts events of
AWS's own services, which the API refuses as AWS's does; IAM keeps its roles in `_roles`, and S3 the buckets'
policies in `_bucket_policies`. Everything else is asked over AWS's API.
"""

import importlib
import json
import logging
import os
import subprocess
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs

from local.awsapi.account import ACCOUNT, REGION

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# By their names in a signature: what the shop, the console, the rehearsal and the pages use. MiniStack has
# many more, some of which run code or send requests to anybody: look at a service before it comes in here.
SERVICES = ("dynamodb", "ecr", "ecs", "events", "iam", "logs", "monitoring", "s3", "sqs", "ssm", "sts")


def configure(host: str, port: int, state: Path) -> None:
    """Set the variables that MiniStack reads on import: one listener, state on disk, no Docker."""
    os.environ.update(
        BIND_HOST=host,
        GATEWAY_PORT=str(port),
        MINISTACK_ACCOUNT_ID=ACCOUNT,
        MINISTACK_REGION=REGION,
        PERSIST_STATE="1",
        STATE_DIR=str(state),
        S3_PERSIST="1",
        S3_DATA_DIR=str(state / "s3"),
        IOT_MTLS_ENABLED="0",  # its MQTT listener would be on every interface
        SFTP_ENABLED="0",
        USE_SSL="0",
        DOCKER_HOST="unix:///nonexistent",  # else it removes containers at every start
        SERVICES=",".join(SERVICES),
        AWS_ACCESS_KEY_ID="laptop",  # presigned addresses are verified, and so made with these credentials
        AWS_SECRET_ACCESS_KEY="laptop",  # noqa: S106
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")


def load() -> App:
    """Return MiniStack's ASGI application; it imports an AWS service's module at its first request."""
    app: App = importlib.import_module("ministack.app").app
    return app


def forbid_programs() -> None:
    """From now on this process starts no program.

    MiniStack starts one for whatever it runs (functions, jobs, scripts), by Popen only, as a test checks."""
    subprocess.Popen.__init__ = _refuse_to_start  # type: ignore[method-assign]


def service_of(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    """The service to which MiniStack would give a request: by its target, signature, query, host or path."""
    router = importlib.import_module("ministack.core.router")
    service: str = router.detect_service(method, path, dict(headers), parse_qs(query, keep_blank_values=True))
    return service


def role(name: str) -> tuple[str, tuple[str, ...]] | None:
    """A role's trust policy and inline policies, each as JSON; None when IAM has no role of this name."""
    kept = importlib.import_module("ministack.services.iam")._roles.get(name)
    return (kept["AssumeRolePolicyDocument"], tuple(kept["InlinePolicies"].values())) if kept else None


def bucket_policy(bucket: str) -> str:
    """A bucket's policy as JSON; "" when it has none."""
    policy = importlib.import_module("ministack.services.s3")._bucket_policies.get(bucket) or ""
    return policy.decode() if isinstance(policy, bytes) else str(policy)


def _refuse_to_start(*_: object, **__: object) -> NoReturn:
    raise PermissionError("the local AWS runs nothing that a request brings along: docs/security.md")


def save_dynamodb() -> None:
    """Write DynamoDB's state file as a graceful stop does: to a new file that then replaces the old one.

    Raises what kept it from writing, which MiniStack itself would only log.
    """
    dynamodb = importlib.import_module("ministack.services.dynamodb")
    persistence = importlib.import_module("ministack.core.persistence")
    failures: list[Any] = []

    def keep_back(record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            return True
        failures.extend(record.args or ())
        return False

    persistence.logger.addFilter(keep_back)
    try:
        persistence.save_state("dynamodb", dynamodb.get_state())
    finally:
        persistence.logger.removeFilter(keep_back)
    for failure in failures:
        if isinstance(failure, Exception):
            raise failure


def put_service_events(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Put events of AWS's own services into EventBridge: PutEvents' entries in, PutEvents' answer out."""
    eventbridge = importlib.import_module("ministack.services.eventbridge")
    answer: dict[str, Any] = json.loads(
        eventbridge._put_events({"Entries": entries}, allow_aws_source=True)[2]
    )
    return answer


async def call_dynamodb(app: App, action: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send a request to DynamoDB's API without a socket; return the HTTP status and the answer."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(request).encode(), "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(_scope(action), receive, send)
    body = b"".join(message.get("body", b"") for message in messages)
    return messages[0]["status"], json.loads(body or b"{}")


def _scope(action: str) -> Scope:
    credential = f"Credential=laptop/20260101/{REGION}/dynamodb/aws4_request"
    headers = {
        "host": "dynamodb.localhost",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"DynamoDB_20120810.{action}",
        "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none",
    }
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
    }
