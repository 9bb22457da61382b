"""The ports of the internal load balancer, whose listeners MiniStack serves behind its one port only.

Runs in a container on the tasks' network: `python3 listeners.py http://aws:4566 <load balancer> 8081 8082`.
A request to a listener's port goes to MiniStack with the Host that selects that listener.
"""

import http.client
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


def serve(aws: str, balancer: str, port: int) -> None:
    target = urlsplit(aws)

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {**dict(self.headers.items()), "Host": f"{balancer}:{port}"}
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=10)
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = forward

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("", port), Listener).serve_forever()


if __name__ == "__main__":
    for number in sys.argv[3:]:
        threading.Thread(target=serve, args=(sys.argv[1], sys.argv[2], int(number))).start()
