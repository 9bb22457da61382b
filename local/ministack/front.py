"""The ASGI application around MiniStack: creates tables, reports health, refuses what may not come in."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from xml.sax.saxutils import escape

from local.awsapi.signatures import signed_service
from local.ministack import admission, engine, garbage, identities, tables
from local.ministack.admission import ACCESSES, EVENTS, FAULTS, HEALTH, Refusal
from local.ministack.engine import App, Message, Receive, Scope, Send
from local.ministack.gatekeeper import Call, Gatekeeper
from local.ministack.snapshots import Snapshots
from local.ministack.throttling import CODE, MESSAGE, Throttling, WrongFault

REST_XML = ("s3", "route53", "cloudfront")
READS = ("Get", "BatchGet", "Query", "Scan", "List", "Describe", "TransactGet", "Search")


class Front:
    """Passes requests on to MiniStack, and marks a snapshot as due after each request that may write."""

    def __init__(
        self,
        app: App,
        required: list[tables.Table],
        snapshots: Snapshots,
        throttling: Throttling | None = None,
    ) -> None:
        self._app = app
        self._required = required
        self._snapshots = snapshots
        self._throttling = throttling  # None where no fault may be injected
        self._gatekeeper = Gatekeeper()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or handle the start and the stop of the server."""
        if scope["type"] == "lifespan":
            await self._start_and_stop(scope, receive, send)
        elif scope["type"] != "http":  # WebSockets: of services that are switched off
            await send({"type": "websocket.close", "code": 1008})
        elif refusal := _refusal(scope):
            await _refuse(scope, send, refusal)
        elif scope["path"] == HEALTH:
            await self._answer_health(send)
        elif scope["path"] == EVENTS:
            await _put_events(receive, send)
        elif scope["path"] == FAULTS:
            await self._switch_faults(scope["method"], receive, send)
        elif scope["path"] == ACCESSES:
            await _answer(send, 200, {"used": self._gatekeeper.used()})
        else:
            await self._judge(scope, receive, send)

    async def _judge(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when its principal may have it; answer what is about identities."""
        call = _call(scope)
        if call.needs_body:
            body = await _body(receive)
            call, receive = replace(call, body=body), _replayed(body, receive)
        if answer := identities.answer(call, self._gatekeeper) or self._gatekeeper.refusal(call):
            if isinstance(answer, Refusal):
                await _refuse(scope, send, answer)
            else:
                status, media_type, content = answer
                await _send(send, status, media_type, content, ())
            return
        await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._throttling and self._throttling.is_on and _is_dynamodb(scope["headers"]):
            body = await _body(receive)
            if self._throttling.refuses(body):
                await _answer(send, 400, {"__type": CODE, "message": MESSAGE}, (("x-amzn-errortype", CODE),))
                return
            receive = _replayed(body, receive)
        try:
            await self._app(scope, receive, send)
        finally:
            self._snapshots.changed |= _may_write(scope["headers"])

    async def _switch_faults(self, method: str, receive: Receive, send: Send) -> None:
        if self._throttling is None:
            await _answer(send, 200 if method == "GET" else 405, {"enabled": False})
            return
        body = await _body(receive)
        try:
            if method != "GET":
                self._throttling.replace(body if method == "PUT" else b'{"faults": []}')
        except WrongFault as error:
            await _answer(send, 400, {"message": str(error)})
            return
        await _answer(send, 200, self._throttling.state())

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


def _call(scope: Scope) -> Call:
    query = scope["query_string"].decode("latin-1")
    return Call(scope["method"], scope["path"], query, _headers(scope))


def _refusal(scope: Scope) -> Refusal | None:
    return admission.refusal(
        scope["method"], scope["path"], scope["query_string"].decode("latin-1"), _headers(scope)
    )


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _may_write(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    _, _, action = _target(headers).partition(".")
    return _is_dynamodb(headers) and not action.startswith(READS)


def _is_dynamodb(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return _target(headers).startswith("DynamoDB")


def _target(headers: Iterable[tuple[bytes, bytes]]) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == b"x-amz-target"), "")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A request whose body was read already, to be read once more."""
    bodies: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return bodies.pop() if bodies else await receive()

    return again


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


async def _refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """In the protocol of who asks: query and rest-xml have errors in XML, all others in JSON."""
    headers = _headers(scope)
    is_query = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not is_query and signed_service(headers) not in REST_XML:
        await _answer(
            send,
            refusal.status,
            {"__type": refusal.code, "message": refusal.message},
            (("x-amzn-errortype", refusal.code), *refusal.headers),
        )
        return
    error = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    body = f"<ErrorResponse><Error>{error}</Error><RequestId>local</RequestId></ErrorResponse>"
    await _send(send, refusal.status, "text/xml", body.encode(), refusal.headers)


async def _answer(
    send: Send, status: int, body: Mapping[str, object], headers: Iterable[tuple[str, str]] = ()
) -> None:
    await _send(send, status, "application/json", json.dumps(body).encode(), headers)


async def _send(
    send: Send, status: int, media_type: str, body: bytes, headers: Iterable[tuple[str, str]]
) -> None:
    lines = [("content-type", media_type), ("content-length", str(len(body))), *headers]
    encoded = [(name.encode(), value.encode()) for name, value in lines]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
