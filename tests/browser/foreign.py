"""A web page of another origin, and the ways in which a page can send a request to a port of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

ARGUMENTS = [
    # every name under .example leads to this machine, as an attacker's own name server could say
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    # what newer Chromiums put between the internet and 127.0.0.1; other browsers have nothing of it
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
]
PAGE = "<!doctype html><html lang='en'><title>Elsewhere</title><body></body></html>"
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=laptop/20260101/us-east-1/{service}/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


@dataclass(frozen=True)
class Shot:
    """One request that a page tries to send; `body` as text, or as bytes in a list."""

    method: str
    path: str
    body: str | list[int] = ""
    headers: dict[str, str] = field(default_factory=dict)


def get(path: str) -> Shot:
    """A GET, which a page can send as an image, a script, a frame and much else."""
    return Shot("GET", path)


def signed(service: str, target: str = "") -> dict[str, str]:
    """The headers of a request to an AWS service; a foreign page has to ask before it sends these."""
    return {"Authorization": SIGNATURE.format(service=service)} | ({"X-Amz-Target": target} if target else {})


FIRE = Path(__file__).with_name("foreign_page.js").read_text()


@dataclass
class ForeignPage:
    """An open page, and the statuses of everything that it was answered since it began to try."""

    context: BrowserContext
    page: Page
    _statuses: list[tuple[int, str]] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)  # by Chromium's number of the request
    _kept: list[tuple[int, str]] = field(default_factory=list)  # status and number

    def __post_init__(self) -> None:
        """Chromium keeps some answers from its page, and Playwright then tells of none (opaque responses)."""
        self.context.on("response", lambda response: self._statuses.append((response.status, response.url)))
        network = self.context.new_cdp_session(self.page)
        network.on(
            "Network.requestWillBeSent",
            lambda event: self._urls.update({event["requestId"]: event["request"]["url"]}),
        )
        network.on(
            "Network.responseReceivedExtraInfo",  # at times before its request
            lambda event: self._kept.append((event["statusCode"], event["requestId"])),
        )
        network.send("Network.enable")

    @property
    def statuses(self) -> list[tuple[int, str]]:
        """Status and URL of every answer; a worker of the page's own is none."""
        kept = [(status, self._urls.get(number, "?")) for status, number in self._kept]
        return [(status, url) for status, url in self._statuses + kept if not url.startswith("blob:")]

    def fire(self, shots: dict[str, list[Shot]]) -> list[tuple[str, str, str]]:
        """Try everything at each address; returns way, URL and answer of what the page could read."""
        self._statuses.clear()
        self._kept.clear()
        ports = [{"base": base, "shots": [asdict(shot) for shot in tried]} for base, tried in shots.items()]
        return [(way, url, answer) for way, url, answer in self.page.evaluate(FIRE, ports)]

    def granted(self) -> set[tuple[int, str]]:
        """What was answered with anything but a refusal."""
        return {(status, url) for status, url in self.statuses if status < 400}

    def refused_ports(self) -> set[int | None]:
        """Those that refused something, and so were asked."""
        return {urlsplit(url).port for status, url in self.statuses if status == 403 and url != "?"}

    def answers_to(self, text: str) -> set[int]:
        """The statuses so far of requests whose address holds `text`."""
        self.page.evaluate("0")  # lets Playwright hear of what has happened
        return {status for status, url in self.statuses if text in url}

    def open(self, url: str) -> tuple[int, str]:
        """Follow a link in a new tab, as a visitor does; returns status and title."""
        script = """(url) => {
            const link = document.createElement("a");
            Object.assign(link, {href: url, target: "_blank", rel: "opener"});
            document.body.append(link);
            link.click();
        }"""
        with self.context.expect_page() as opened:
            self.page.evaluate(script, url)
        tab = opened.value
        tab.wait_for_load_state()
        status = next(status for status, address in self.statuses if address == url)
        title = tab.title()
        tab.close()
        return status, title

    def post_in_new_tab(self, url: str, fields: dict[str, str]) -> None:
        """Send a form as a navigation of a whole tab."""
        script = """([url, fields]) => {
            const form = document.createElement("form");
            Object.assign(form, {action: url, method: "post", target: "_blank"});
            for (const [name, value] of Object.entries(fields)) {
                form.append(Object.assign(document.createElement("input"), {name, value}));
            }
            document.body.append(form);
            form.submit();
        }"""
        with self.context.expect_page() as opened:
            self.page.evaluate(script, [url, fields])
        opened.value.wait_for_load_state()
        opened.value.close()


@contextmanager
def foreign_page(browser: Browser, origin: str, *, is_rebound: bool = False) -> Iterator[ForeignPage]:
    """A page at `origin`. A rebound name led elsewhere when the page was loaded and leads here now.

    Playwright answers CORS preflights by itself where it stands in for a server, so it does so only there: a
    page asks its own origin without any."""
    context = browser.new_context()
    if is_rebound:
        context.route(f"{origin}/elsewhere", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    opened = ForeignPage(context, context.new_page())
    opened.page.goto(f"{origin}/elsewhere")
    yield opened
    context.close()


@contextmanager
def elsewhere() -> Iterator[int]:
    """The port of a server of somebody else's on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/elsewhere" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
