"""Starts a local X-Ray for a test, sends segments to it and asks it."""

import json
import os
import socket
import sys
import time
from contextlib import contextmanager

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.ports import free_port
from tests.shop import CLEAN, Part
from tests.waiting import wait_until

HEADER = b'{"format": "json", "version": 1}\n'


def x_ray(folder, **settings):
    port = free_port()
    own = {"XRAY_PORT": str(port), "OTLP_PORT": "0", "XRAY_STATE_DIR": str(folder / "state")}
    environ = {**CLEAN, **own, **settings}
    return Part("xray", [sys.executable, "-m", "local.xray"], environ, folder / "xray.log", port)


@contextmanager
def running(folder, **settings):
    part = x_ray(folder, **settings)
    part.start()
    try:
        wait_until(lambda: part.answers("/healthz"), 10)
        yield part
    finally:
        part.stop()


def client_of(part):
    keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    return boto3.client("xray", endpoint_url=part.url, region_name="us-east-1", **keys)


def new_trace_id():
    return f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"


def segment(trace_id, name="orders", **fields):
    now = time.time()
    times = {"start_time": now - 0.1, "end_time": now}
    return {"trace_id": trace_id, "id": os.urandom(8).hex(), "name": name, **times, **fields}


def send(part, *payloads):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for payload in payloads:
            datagram = payload if isinstance(payload, bytes) else HEADER + json.dumps(payload).encode()
            sender.sendto(datagram, ("127.0.0.1", part.port))


def traces(client, *ids):
    return client.batch_get_traces(TraceIds=list(ids))["Traces"]


def refusal(ask, **request):
    """Code and message of an error that must come."""
    with pytest.raises(ClientError) as caught:
        ask(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]
