"""Deadlines and retries against real sockets that misbehave."""

import contextlib
import socket
import threading

import pytest

from services.common import http
from services.common.http import ServiceClient
from services.common.problems import DependencyDown, RemoteProblem

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Accepts connections and lets `behave(connection, number)` do what it likes."""

    def __init__(self, behave):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.accepted = 0
        self.requests = []
        self._behave = behave
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _accept(self):
        while self._open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection, self.accepted), daemon=True).start()

    def _serve(self, connection, number):
        with contextlib.suppress(OSError), connection:
            self._behave(self, connection, number)

    def close(self):
        self._open = False
        self.listener.close()


@pytest.fixture(name="serve")
def _serve():
    servers = []

    def start(behave):
        servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answer(server, connection, _number):
    while request := connection.recv(65536):
        server.requests.append(request.decode())
        connection.sendall(OK)


def never(_server, connection, _number):
    """Read until the caller hangs up, which only its deadline makes it do."""
    while connection.recv(65536):
        pass


def break_once(server, connection, number):
    if number > 1:
        answer(server, connection, number)


def test_a_silent_dependency_holds_its_caller_no_longer_than_the_deadline(serve):
    server = serve(never)
    client = ServiceClient("catalog", server.url)
    http.start_deadline(1000)

    with pytest.raises(DependencyDown) as down:
        client.call("GET", "/products", idempotent=True)

    assert server.accepted == 1
    assert down.value.headers == {"Retry-After": "1"}


def test_a_dependency_that_drips_holds_its_caller_no_longer_than_the_deadline(serve, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(http.time, "monotonic", lambda: clock[0])

    def drip(_server, connection, _number):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            clock[0] += 0.5
            connection.sendall(b"X-More: to come\r\n")

    client = ServiceClient("catalog", serve(drip).url)
    http.start_deadline(60_000)

    with pytest.raises(DependencyDown):
        client.call("GET", "/products", idempotent=True)

    assert clock[0] >= 1060


def test_a_refused_connection_is_down_long_before_the_deadline():
    client = ServiceClient("catalog", "http://127.0.0.1:9")
    http.start_deadline(120_000)

    with pytest.raises(DependencyDown, match="catalog does not answer"):
        client.call("GET", "/products", idempotent=True)

    assert http.remaining_s() > 0


def test_a_name_that_does_not_resolve_is_looked_up_once(monkeypatch):
    lookups = []

    def fail(*arguments, **_):
        lookups.append(arguments)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    http.start_deadline(20_000)

    with pytest.raises(DependencyDown):
        ServiceClient("catalog", "http://catalog.invalid").call("GET", "/products", idempotent=True)

    assert len(lookups) == 1


def test_an_idempotent_call_is_sent_once_more_when_its_connection_breaks(serve):
    server = serve(break_once)
    http.start_deadline(20_000)

    answer = ServiceClient("catalog", server.url).call("GET", "/products", idempotent=True)

    assert (answer.status_code, server.accepted) == (200, 2)


def test_a_call_that_is_not_idempotent_is_never_sent_twice(serve):
    server = serve(break_once)
    http.start_deadline(20_000)

    with pytest.raises(DependencyDown):
        ServiceClient("catalog", server.url).call("POST", "/orders", idempotent=False)

    assert server.accepted == 1


@pytest.mark.parametrize(
    ("status", "content_type", "document", "error", "detail"),
    [
        ("409 Conflict", "application/problem+json", b'{"detail":"sold out"}', RemoteProblem, "sold out"),
        ("503 Busy", "application/problem+json", b'{"detail":"no table"}', DependencyDown, "no table"),
        ("503 Busy", "text/html", b"<h1>busy</h1>", DependencyDown, "catalog failed; try again"),
        (
            "500 Bug",
            "application/problem+json",
            b'{"detail":"bug"}',
            DependencyDown,
            "catalog failed; try again",
        ),
    ],
)
def test_a_refusal_is_passed_on_and_a_failure_is_an_outage(
    serve, status, content_type, document, error, detail
):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(document)}\r\n\r\n"

    def reply(_server, connection, _number):
        connection.recv(65536)
        connection.sendall(head.encode() + document)

    http.start_deadline(20_000)

    with pytest.raises(error) as raised:
        ServiceClient("catalog", serve(reply).url).call("GET", "/products", idempotent=True)

    assert raised.value.detail == detail


def test_what_is_left_of_the_deadline_travels_with_the_request(serve):
    server = serve(answer)
    http.start_deadline(120_000, "60000")

    ServiceClient("catalog", server.url).call("GET", "/products", idempotent=True)

    sent = next(line for line in server.requests[0].split("\r\n") if line.startswith("X-Deadline-Ms"))
    assert 30_000 < int(sent.split(": ")[1]) <= 59_950


@pytest.mark.parametrize("callers", ["", "soon", "-5", "99999999999", "²"])
def test_a_callers_deadline_that_is_no_number_is_ignored(callers):
    http.start_deadline(60_000, callers)

    assert 30 < http.remaining_s() <= 60


def test_nothing_is_asked_when_no_time_is_left(serve):
    server = serve(answer)
    http.start_deadline(1000, "10")

    with pytest.raises(DependencyDown):
        ServiceClient("catalog", server.url).call("GET", "/products", idempotent=True)

    assert server.requests == []


def test_a_probe_says_whether_somebody_answers(serve):
    assert ServiceClient("catalog", serve(answer).url).is_alive()
    assert not ServiceClient("catalog", "http://127.0.0.1:9").is_alive()
