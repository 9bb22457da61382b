"""A task learns its id from ECS's metadata, and goes on without."""

import http.server
import json
import threading

import pytest

from services.catalog.app import create_app
from services.catalog.settings import Settings

TASK = "7" * 32


@pytest.fixture(name="metadata", scope="module")
def _metadata():
    """The address of a metadata endpoint that knows one task, and no other."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == f"/v4/{TASK}/task" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"TaskARN": f"arn:aws:ecs:eu-west-1:1:task/lantern/{TASK}"}).encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v4"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("path", "task"), [(f"/{TASK}", TASK), ("/another", "")])
def test_a_process_knows_the_task_that_it_belongs_to(metadata, path, task, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    app = create_app(Settings(metadata_url=metadata + path, tracing="off"))

    for start in app.extensions["on_start"]:
        start()

    assert app.extensions["task"] == task
