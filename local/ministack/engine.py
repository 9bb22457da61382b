"""MiniStack itself: the only module that knows its variables and its insides.

Three uses are private to the package, which is why its version is pinned: `ministack.app.app` is the ASGI
application behind its command (the command can't be given another one), DynamoDB's `get_state` with
`save_state` writes the very file that MiniStack reads at its next start, EventBridge's `_put_events` takes
events of AWS's own services, which its API refuses as AWS's does. Everything else goes over AWS's API.
"""

import importlib
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from local.awsapi.account import ACCOUNT, REGION

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def configure(host: str, port: int, state: Path) -> None:
    """Set what MiniStack reads when it is imported: one listener, one account, state on disk, no Docker."""
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
        DOCKER_HOST="unix:///nonexistent",  # it would sweep containers at every start
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")


def load() -> App:
    """MiniStack's ASGI application; it imports the module of an AWS service when that is first asked."""
    app: App = importlib.import_module("ministack.app").app
    return app


def save_dynamodb() -> None:
    """Write DynamoDB's file as a graceful stop does: beside the old one, then in its place."""
    dynamodb = importlib.import_module("ministack.services.dynamodb")
    importlib.import_module("ministack.core.persistence").save_state("dynamodb", dynamodb.get_state())


def put_service_events(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What a service of AWS says to EventBridge; PutEvents' entries in, its answer out."""
    eventbridge = importlib.import_module("ministack.services.eventbridge")
    answer: dict[str, Any] = json.loads(
        eventbridge._put_events({"Entries": entries}, allow_aws_source=True)[2]
    )
    return answer


async def call_dynamodb(app: App, action: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """One request to DynamoDB's API without a socket; returns the HTTP status and the answer."""
    answer: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(request).encode(), "more_body": False}

    async def send(message: Message) -> None:
        answer.append(message)

    await app(_scope(action), receive, send)
    body = b"".join(message.get("body", b"") for message in answer)
    return answer[0]["status"], json.loads(body or b"{}")


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
