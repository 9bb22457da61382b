"""What each fault does to the calls that a service makes, against a real server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.common import http, logs
from services.common.problems import DependencyDown
from services.faults import slow_wire
from services.faults.client import TRACE_HEADERS, BreakableClient
from services.faults.injected import Fault, Faults, Injected

SHELF = [{"sku": f"lantern-{n}"} for n in range(12)]


class Catalog(BaseHTTPRequestHandler):
    """Answers the shelf and its products, 500 to the first `failures` requests; remembers what came."""

    protocol_version = "HTTP/1.1"
    seen = ()
    failures = 0

    def do_GET(self):
        headers = [self.headers[name] for name in TRACE_HEADERS if name in self.headers]
        self.seen.append((self.path, *headers))
        status = 500 if len(self.seen) <= Catalog.failures else 200
        body = {"products": SHELF} if self.path == "/products" else {"sku": self.path.split("/")[-1]}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(name="url")
def _url():
    Catalog.seen, Catalog.failures = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Catalog)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(name="client")
def _client(url):
    http.start_deadline(10_000)
    logs.identify("1-0-0", "s")
    return BreakableClient("catalog", url, Injected(None))


def switch_on(client, name, percent=100.0):
    client._injected.replace(Faults(faults=[Fault(name=name, percent=percent)]))


def shelf(client):
    return client.call("GET", "/products", idempotent=True).json()


def test_without_a_fault_it_is_the_ordinary_client(client):
    assert shelf(client) == {"products": SHELF}
    assert [path for path, *_ in Catalog.seen] == ["/products"]
    assert Catalog.seen[0][1].startswith("Root=1-")


def test_n_plus_one_asks_for_each_product_after_the_other(client):
    switch_on(client, "n-plus-one")

    assert shelf(client) == {"products": SHELF}
    assert [path for path, *_ in Catalog.seen] == ["/products", *(f"/products/{p['sku']}" for p in SHELF)]


@pytest.mark.parametrize(("failures", "succeeds"), [(4, True), (5, False)])
def test_a_retry_storm_tries_five_times_at_once(client, failures, succeeds):
    Catalog.failures = failures
    switch_on(client, "retry-storm", 50)

    if succeeds:
        assert shelf(client) == {"products": SHELF}
    else:
        with pytest.raises(DependencyDown):
            shelf(client)

    assert len(Catalog.seen) == 5


def test_a_lost_header_is_not_sent_in_x_rays_nor_in_w3cs_form(client):
    switch_on(client, "lost-header")

    client.call("GET", "/products", idempotent=True, headers={"traceparent": "00-5-3-01"})

    assert Catalog.seen == [("/products",)]


def test_an_unreachable_dependency_is_asked_by_nobody_and_known_to_be_down(client):
    assert client._probes is not None
    switch_on(client, "dependency-unreachable")

    with pytest.raises(DependencyDown):
        shelf(client)

    assert Catalog.seen == []
    assert not client.is_alive()


def test_only_calls_to_the_catalog_are_cut_off(url):
    http.start_deadline(10_000)
    client = BreakableClient("orders", url, Injected(None))
    switch_on(client, "dependency-unreachable")

    assert client.call("GET", "/orders", idempotent=True).status_code == 200
    assert client.is_alive()


def test_a_slow_network_holds_each_call_back_both_ways_and_changes_nothing(client, monkeypatch):
    pauses = []
    monkeypatch.setattr(slow_wire.time, "sleep", pauses.append)
    switch_on(client, "slow-network")

    for calls in (1, 2):  # the second one on the same connection
        assert shelf(client) == {"products": SHELF}
        assert len(pauses) >= 2 * calls

    assert set(pauses) == {slow_wire.DELAY_S}
