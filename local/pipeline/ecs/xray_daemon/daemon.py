"""In the X-Ray daemon's place: sends UDP segments to PutTraceSegments, and passes sampling requests on.

Needs the standard library only, as it is alone in its image.
https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon.html
"""

import argparse
import http.server
import json
import os
import queue
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request

MOST_SEGMENTS = 50  # of one PutTraceSegments
WAIT_S = 0.2
MOST_WAITING = 10_000
TIMEOUT_S = 5


def main() -> int:
    """Serve until SIGTERM, then send the segments that still wait."""
    parser = argparse.ArgumentParser(prog="xray")
    parser.add_argument("--bind", default="127.0.0.1:2000")
    parser.add_argument("--bind-tcp", default="127.0.0.1:2000")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--local-mode", action="store_true")
    options = parser.parse_args()
    endpoint = os.environ["AWS_ENDPOINT_URL_XRAY"]
    waiting: queue.Queue[str] = queue.Queue(MOST_WAITING)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    receiver = socket.socket(type=socket.SOCK_DGRAM)
    receiver.bind(_address(options.bind))
    receiver.settimeout(0.5)
    proxy = http.server.ThreadingHTTPServer(_address(options.bind_tcp), _proxy(endpoint))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    sender = threading.Thread(target=_send, args=(waiting, endpoint, stopping))
    sender.start()
    place = f"udp {options.bind}, tcp {options.bind_tcp}, to {endpoint}"
    print(f"Stand-in for the X-Ray daemon: {place}", flush=True)
    while not stopping.is_set():
        try:
            document = receiver.recv(65536).decode(errors="replace").partition("\n")[2]
        except TimeoutError:
            continue
        try:
            waiting.put_nowait(document)
        except queue.Full:
            print("too many segments wait; one was dropped")
    sender.join()
    return 0


def _send(waiting: "queue.Queue[str]", endpoint: str, stopping: threading.Event) -> None:
    while not (stopping.is_set() and waiting.empty()):
        documents = []
        try:
            documents.append(waiting.get(timeout=WAIT_S))
            while len(documents) < MOST_SEGMENTS:
                documents.append(waiting.get_nowait())
        except queue.Empty:
            pass
        if not documents:
            continue
        body = json.dumps({"TraceSegmentDocuments": documents}).encode()
        try:
            _post(f"{endpoint}/TraceSegments", body)
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")
            print(f"{len(documents)} segments were not sent: {error.code} {answer}", flush=True)
        except OSError as error:
            print(f"{len(documents)} segments were not sent: {error}", flush=True)


def _proxy(endpoint: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, answer = 200, _post(endpoint + self.path, body)
            except urllib.error.HTTPError as error:
                status, answer = error.code, error.read()
            except OSError as error:
                status, answer = 502, str(error).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """One line a poll would be noise."""

    return Proxy


def _post(url: str, body: bytes) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **_signature()})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        content: bytes = answer.read()
    return content


def _signature() -> dict[str, str]:
    """The header that says with which role's session the daemon asks; signatures are not checked here."""
    key = os.environ.get("AWS_ACCESS_KEY_ID")
    scope = f"20260101/{os.environ.get('AWS_REGION', 'us-east-1')}/xray/aws4_request"
    value = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host, Signature=none"
    return {"Authorization": value} if key else {}


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())
