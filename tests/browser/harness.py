"""The real storefront before a scripted catalog and orders, for states that a real shop hardly shows."""

import json
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.shop import CLEAN, ROOT, Part
from tests.waiting import wait_until

TRACE_URL = "http://127.0.0.1:9/traces/{trace_id}"
SEED = json.loads((ROOT / "services/catalog/products.json").read_text())


@dataclass
class Backend:
    """Plays catalog and orders: what they will answer, and what they were asked."""

    products: list[dict[str, Any]] = field(default_factory=lambda: [dict(product) for product in SEED])
    refusals: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque)
    placed: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def refuse_next(self, status: int, title: str, detail: str, **fields: Any) -> None:
        """Answer the next order with a problem document."""
        problem = {"type": "urn:problem:scripted", "title": title, "status": status, "detail": detail}
        self.refusals.append((status, problem | fields))

    def place(self, key: str, basket: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer POST /orders; an order is held back while `gate` is closed."""
        self.keys.append(key)
        if self.refusals:
            return self.refusals.popleft()
        self.gate.wait(1.5)
        shelf = {product["sku"]: product for product in self.products}
        items = [_priced(shelf[line["sku"]], line["quantity"]) for line in basket["items"]]
        order = {
            "order_id": f"ord-{len(self.placed) + 1:024x}",
            "status": "confirmed",
            "items": items,
            "total": sum(line["line_total"] for line in items),
            "currency": "EUR",
            "placed_at": "2026-11-23T15:04:05.123Z",
        }
        self.placed.append(order)
        return 201, order


def _priced(product: dict[str, Any], quantity: int) -> dict[str, Any]:
    return {
        "sku": product["sku"],
        "name": product["name"],
        "quantity": quantity,
        "unit_price": product["price"],
        "line_total": product["price"] * quantity,
    }


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(
                200, {"products": backend.products} if self.path == "/products" else {"status": "ok"}
            )

        def do_POST(self) -> None:
            basket = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*backend.place(self.headers["Idempotency-Key"], basket))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            kind = "application/json" if status < 400 else "application/problem+json"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def scripted_backend() -> Iterator[tuple[Backend, str]]:
    """A backend and its address."""
    backend = Backend()
    backend.gate.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(backend))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield backend, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def start_storefront(folder: Path, catalog_url: str, orders_url: str, **settings: str) -> Part:
    """The storefront as it ships, under gunicorn, on a free port; it answers when this returns."""
    gunicorn = [str(Path(sys.executable).with_name("gunicorn")), "--config", "services/gunicorn.conf.py"]
    port = free_port()
    environ = {
        **CLEAN,
        "PORT": str(port),
        "CATALOG_URL": catalog_url,
        "ORDERS_URL": orders_url,
        "TRACE_URL": TRACE_URL,
        "SERVICE_VERSION": "1.0.0",
        "SERVICE_COMMIT": "0123abc",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9",
        "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
        "AWS_XRAY_NOOP_ID": "false",
        **settings,
    }
    command = [*gunicorn, "services.storefront.app:create_app()"]
    part = Part("storefront", command, environ, folder / f"storefront-{port}.log", port)
    part.start()
    wait_until(lambda: part.answers("/healthz"), 15, "the storefront answers")
    return part


def unused_address() -> str:
    """An address where nothing listens."""
    return f"http://127.0.0.1:{free_port()}"
