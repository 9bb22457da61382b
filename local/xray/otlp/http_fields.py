"""`http` of a segment, from the old and the new semantic conventions for HTTP spans."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.xray.otlp.attributes import Attributes, attributes_of, text, whole, without_empty
from local.xray.segments import Document

METHOD = ("http.method", "http.request.method")
USER_AGENT = ("http.user_agent", "user_agent.original")
STATUS = ("http.status_code", "http.response.status_code")
URL = ("http.url", "url.full")
SCHEME = ("http.scheme", "url.scheme")

# one of these makes a span one of HTTP
MARKS = frozenset(
    (
        *(*METHOD, *USER_AGENT, *STATUS, *URL, *SCHEME),
        *("http.client_ip", "http.host", "http.target", "http.server_name", "net.host.port"),
        *("url.path", "url.query"),
    )
)
# one of these names the host of a URL
PLACES = frozenset(
    (
        *(*URL, "http.host", "http.server_name", "host.name", "net.host.name", "net.peer.name"),
        *("net.peer.ip", "server.address"),
    )
)
# what is in `http` afterwards, and so in no metadata
KEYS = MARKS | PLACES | {"net.peer.port", "server.port", "network.peer.address", "client.address"}

SERVER_HOSTS = ("http.server_name", "net.host.name", "host.name", "server.address")
SERVER_PORTS = ("net.host.port", "server.port")
CLIENT_HOSTS = ("net.peer.name", "net.peer.ip", "server.address")
CLIENT_PORTS = ("net.peer.port", "server.port")
DEFAULT_PORTS = (("http", "80"), ("https", "443"))


def http_of(span: Span, attributes: Attributes) -> Document | None:
    """Request and response; None when the span is not one of HTTP."""
    if MARKS.isdisjoint(attributes):
        return None
    network_peer = _ip(attributes, "network.peer.address")
    peer = text(attributes, "net.peer.ip") or network_peer
    client = text(attributes, "http.client_ip") or _ip(attributes, "client.address")
    request: Document = {
        "method": text(attributes, *METHOD),
        "url": _url(span.kind, attributes) if network_peer or not PLACES.isdisjoint(attributes) else "",
        "user_agent": text(attributes, *USER_AGENT),
        "client_ip": client or peer,
    }
    if client and not peer:
        request["x_forwarded_for"] = True  # the client is known from a header alone
    response: Document = {
        "status": whole(attributes, *STATUS),
        "content_length": _received_bytes(attributes, span.events),
    }
    return {"request": without_empty(request), "response": without_empty(response)}


def _url(kind: int, attributes: Attributes) -> str:
    if full := text(attributes, *URL):
        return full
    scheme = text(attributes, *SCHEME) or "http"
    is_server = kind == Span.SPAN_KIND_SERVER
    host, port = text(attributes, "http.host"), ""
    if not host:
        host = text(attributes, *(SERVER_HOSTS if is_server else CLIENT_HOSTS))
        port = _port(attributes, SERVER_PORTS if is_server else CLIENT_PORTS)
    place = f"{scheme}://{host}" + (f":{port}" if port and (scheme, port) not in DEFAULT_PORTS else "")
    if target := text(attributes, "http.target"):
        return place + target
    query = text(attributes, "url.query")
    return place + (text(attributes, "url.path") or "/") + (f"?{query.removeprefix('?')}" if query else "")


def _port(attributes: Attributes, keys: Iterable[str]) -> str:
    for key in keys:
        port = whole(attributes, key)
        if port is not None or text(attributes, key):
            return text(attributes, key) or str(port)
    return ""


def _ip(attributes: Attributes, key: str) -> str:
    """The value if it is an address: the new conventions allow names."""
    address = text(attributes, key)
    return address if address and _is_ip(address) else ""


@lru_cache(1000)
def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _received_bytes(attributes: Attributes, events: Iterable[Span.Event]) -> int:
    """How much was received, from the span or its first event that says so; 0 when none does."""
    for fields in (attributes, *(attributes_of(event.attributes) for event in events)):
        if fields.get("message.type") == "RECEIVED":
            size = whole(fields, "messaging.message_payload_size_bytes")
            if size:
                return size
    return 0
