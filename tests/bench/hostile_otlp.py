"""`python -m tests.bench.hostile_otlp`: 100,000 bodies that mean harm, and what they did to the server.

The suite sends a few hundred of them; this takes some minutes, so it is started by hand.
"""

import http.client
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.api.xray.test_otlp import bombs
from tests.bench.xray import LocalXRay
from tests.unit.local.xray.otlp.spans import span
from tests.unit.local.xray.otlp.test_intake import in_json, mutated, request

BODIES, BOMB_EVERY = 100_000, 1_000
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def main() -> None:
    """Send them all, then a good one; print statuses, memory and the time."""
    events = [("exception", {"exception.type": "A", "exception.stacktrace": "A: b\n\tat c(d.java:1)"})]
    attributes = {"http.url": "http://shop/", "rpc.system": "aws-api", "deep": {"list": [1, {"x": None}]}}
    message = request(*(span(attributes=attributes, events=events, status=2) for _ in range(3)))
    bodies = {PROTOBUF: message.SerializeToString(), JSON: in_json(message)}
    chance, began, statuses = random.Random(100_000), time.perf_counter(), Counter[int]()
    packed = list(bombs())
    with tempfile.TemporaryDirectory() as folder, LocalXRay(Path(folder), core=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for number in range(BODIES):
            media_type = (PROTOBUF, JSON)[number % 2]
            if number % BOMB_EVERY < len(packed):
                body, headers = packed[number % BOMB_EVERY], {"Content-Encoding": "gzip"}
            else:
                body, headers = mutated(chance, bodies[media_type]), {}
            connection.request("POST", "/v1/traces", body, {"Content-Type": media_type, **headers})
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
        connection.request("POST", "/v1/traces", bodies[PROTOBUF], {"Content-Type": PROTOBUF})
        good = connection.getresponse()
        good.read()
        took = time.perf_counter() - began
        print(f"{BODIES} bodies in {took:.0f} s: {dict(statuses)}; the next good one {good.status}")
        high = Path(f"/proc/{server.process.pid}/status").read_text().split("VmHWM:")[1].split()[0]
        print(f"memory at most {int(high) / 1e3:.0f} MB, at the end {server.memory_mb():.0f} MB")


if __name__ == "__main__":
    main()
