"""The console before a local X-Ray and a local AWS, with traces and log lines that tests put there."""

import contextlib
import json
import sys
import time
from dataclasses import dataclass

import boto3
import pytest
import requests

from tests.api.xray import server
from tests.ports import free_port
from tests.shop import CLEAN, CREDENTIALS, Part
from tests.waiting import wait_until


@dataclass
class Console:
    """A running console, and the X-Ray and AWS that it asks."""

    part: Part
    xray: Part
    aws: Part

    @property
    def url(self):
        return self.part.url

    def get(self, path, **options):
        return requests.get(self.url + path, timeout=20, **options)

    def page(self, path, **arguments):
        """The HTML of a page, which must answer 200."""
        answer = self.get(path, params=arguments)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, *documents):
        """Put segments into X-Ray and wait until they can be seen; returns the first one's trace id."""
        client = server.client_of(self.xray)
        refused = client.put_trace_segments(
            TraceSegmentDocuments=[json.dumps(document) for document in documents]
        )
        assert refused["UnprocessedTraceSegments"] == []
        trace_id = documents[0]["trace_id"]
        wait_until(lambda: server.traces(client, trace_id), 5)
        return trace_id

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.aws.url,
            region_name="us-east-1",
            aws_access_key_id="laptop",
            aws_secret_access_key="laptop",
        )

    def log(self, service, *messages):
        """Put lines into /lantern/<service>, a millisecond apart, the last one now."""
        logs, group = self.client("logs"), f"/lantern/{service}"
        for make, arguments in (
            (logs.create_log_group, {}),
            (logs.create_log_stream, {"logStreamName": "test"}),
        ):
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                make(logGroupName=group, **arguments)
        now = int(time.time() * 1000)
        events = [
            {
                "timestamp": now - len(messages) + n,
                "message": message if isinstance(message, str) else json.dumps(message),
            }
            for n, message in enumerate(messages, 1)
        ]
        logs.put_log_events(logGroupName=group, logStreamName="test", logEvents=events)


def start_console(folder, xray_url, aws_url, **settings):
    """Start another console, and return when it answers."""
    port = free_port()
    environ = {
        **CLEAN,
        **CREDENTIALS,
        "PORT": str(port),
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_XRAY": xray_url,
    }
    part = Part(
        "console", [sys.executable, "-m", "console"], environ | settings, folder / f"console-{port}.log", port
    )
    part.start()
    wait_until(lambda: part.answers("/healthz"), 15)
    return part


@pytest.fixture(scope="package", name="console")
def _console(tmp_path_factory):
    folder = tmp_path_factory.mktemp("console")
    port = free_port()
    environ = {**CLEAN, "PORT": str(port), "STATE_DIR": str(folder / "aws")}
    aws = Part("aws", [sys.executable, "-m", "local.ministack"], environ, folder / "aws.log", port)
    with server.running(folder) as xray:
        aws.start()
        try:
            wait_until(lambda: aws.answers("/_lantern/health"), 20)
            part = start_console(folder, xray.url, aws.url)
            yield Console(part, xray, aws)
            part.stop()
        finally:
            aws.stop()
