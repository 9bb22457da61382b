"""The ASGI application around MiniStack: creates tables, reports health, refuses web pages of other sites."""

import asyncio
import json
from collections.abc import Iterable, Mapping

from local.awsapi.origins import is_foreign
from local.ministack import engine, garbage, tables
from local.ministack.engine import App, Message, Receive, Scope, Send
from local.ministack.snapshots import Snapshots

HEALTH = "/_lantern/health"
EVENTS = "/_lantern/events"  # the local CodePipeline and CodeDeploy put their events here
READS = ("Get", "BatchGet", "Query", "Scan", "List", "Describe", "TransactGet", "Search")


class Front:
    """Passes requests on to MiniStack, and marks a snapshot as due after each request that may write."""

    def __init__(self, app: App, required: list[tables.Table], snapshots: Snapshots) -> None:
        self._app = app
        self._required = required
        self._snapshots = snapshots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or handle the start and the stop of the server."""
        if scope["type"] == "lifespan":
            await self._start_and_stop(scope, receive, send)
        elif _is_foreign(scope["headers"]):
            await _refuse(scope, send)
        elif scope["type"] == "http" and scope["path"] == HEALTH:
            await self._answer_health(send)
        elif scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", EVENTS):
            await _put_events(receive, send)
        else:
            try:
                await self._app(scope, receive, send)
            finally:
                self._snapshots.changed |= _may_write(scope["headers"])

    async def _start_and_stop(self, scope: Scope, receive: Receive, send: Send) -> None:
        freezing: list[asyncio.Task[None]] = []

        async def before_stop() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for task in freezing:
                    task.cancel()
                await self._snapshots.stop()
            return message

        async def after_start(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await tables.create_missing(self._app, self._required)
                self._snapshots.changed = True
                self._snapshots.start()
                freezing.append(asyncio.create_task(garbage.freeze_periodically()))
            await send(message)  # the port opens only now, so a client that is answered finds the tables

        await self._app(scope, before_stop, after_start)

    async def _answer_health(self, send: Send) -> None:
        missing = await tables.missing(self._app, self._required)
        body = {"status": "tables are missing" if missing else "ok", "missing": missing}
        await _answer(send, 503 if missing else 200, body)


def _is_foreign(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a web page of another site asks. MiniStack itself allows every origin, and can run code."""
    return any(name == b"origin" and is_foreign(value.decode("latin-1")) for name, value in headers)


def _may_write(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    target = next((value.decode("latin-1") for name, value in headers if name == b"x-amz-target"), "")
    service, _, action = target.partition(".")
    return service.startswith("DynamoDB") and not action.startswith(READS)


async def _put_events(receive: Receive, send: Send) -> None:
    try:
        entries = json.loads(await _body(receive))["Entries"]
    except (ValueError, KeyError, TypeError) as error:
        await _answer(send, 400, {"message": f"expected PutEvents' Entries as JSON: {error!r}"})
        return
    await _answer(send, 200, engine.put_service_events(entries))


async def _body(receive: Receive) -> bytes:
    body, is_complete = b"", False
    while not is_complete:
        message = await receive()
        body += message.get("body", b"")
        is_complete = not message.get("more_body", False)
    return body


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, 403, {"message": "The local AWS does not answer web pages of other sites"})


async def _answer(send: Send, status: int, body: Mapping[str, object]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
