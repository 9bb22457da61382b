"""What stands before MiniStack: makes the tables, tells health, notices writes, refuses foreign web pages."""

import asyncio
import json
from collections.abc import Iterable, Mapping

from local.awsapi.origins import is_foreign
from local.ministack import engine, garbage, tables
from local.ministack.engine import App, Message, Receive, Scope, Send
from local.ministack.snapshots import Snapshots

HEALTH = "/_lantern/health"
EVENTS = "/_lantern/events"  # where the local CodePipeline and CodeDeploy tell what AWS's would tell
READS = ("Get", "BatchGet", "Query", "Scan", "List", "Describe", "TransactGet", "Search")


class Front:
    """An ASGI application around MiniStack's."""

    def __init__(self, app: App, wanted: list[tables.Table], snapshots: Snapshots) -> None:
        self._app = app
        self._wanted = wanted
        self._snapshots = snapshots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or carry MiniStack through its start and its stop."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif _is_foreign(scope["headers"]):
            await _refuse(scope, send)
        elif scope["type"] == "http" and scope["path"] == HEALTH:
            await self._tell_health(send)
        elif scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", EVENTS):
            await _take_events(receive, send)
        else:
            try:
                await self._app(scope, receive, send)
            finally:
                self._snapshots.changed |= _may_write(scope["headers"])

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
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
                await tables.create_missing(self._app, self._wanted)
                self._snapshots.changed = True
                self._snapshots.start()
                freezing.append(asyncio.create_task(garbage.freeze_now_and_then()))
            await send(message)  # only now the port opens, so whoever gets an answer has the tables

        await self._app(scope, before_stop, after_start)

    async def _tell_health(self, send: Send) -> None:
        lacking = await tables.missing(self._app, self._wanted)
        body = {"status": "tables are missing" if lacking else "ok", "missing": lacking}
        await _answer(send, 503 if lacking else 200, body)


def _is_foreign(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a web page from elsewhere asks: MiniStack lets any page in, and could run code for it."""
    return any(name == b"origin" and is_foreign(value.decode("latin-1")) for name, value in headers)


def _may_write(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    target = next((value.decode("latin-1") for name, value in headers if name == b"x-amz-target"), "")
    service, _, action = target.partition(".")
    return service.startswith("DynamoDB") and not action.startswith(READS)


async def _take_events(receive: Receive, send: Send) -> None:
    try:
        entries = json.loads(await _body(receive))["Entries"]
    except (ValueError, KeyError, TypeError) as error:
        await _answer(send, 400, {"message": f"expected PutEvents' Entries as JSON: {error!r}"})
        return
    await _answer(send, 200, engine.put_service_events(entries))


async def _body(receive: Receive) -> bytes:
    parts, more = b"", True
    while more:
        message = await receive()
        parts += message.get("body", b"")
        more = message.get("more_body", False)
    return parts


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, 403, {"message": "The local AWS answers no web pages from other sites"})


async def _answer(send: Send, status: int, body: Mapping[str, object]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
