"""A small closed-loop client: `python -m tests.bench.load URL METHOD SECONDS THREADS`, one JSON line."""

import http.client
import json
import sys
import threading
import time
import uuid
from urllib.parse import urlsplit

BASKET = json.dumps({"items": [{"sku": "brass-storm-lantern", "quantity": 1}]})


def _loop(url: str, method: str, until: float, took_ms: list[float], wrong: list[int]) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    while time.perf_counter() < until:
        started = time.perf_counter()
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
        connection.request(method, parts.path, BASKET if method == "POST" else None, headers)
        answer = connection.getresponse()
        answer.read()
        took_ms.append((time.perf_counter() - started) * 1000)
        if answer.status not in (200, 201):
            wrong.append(answer.status)


def run(url: str, method: str, seconds: float, threads: int) -> dict[str, float]:
    """Number, rate and latencies of the requests of `threads` clients, one after another each."""
    took_ms: list[float] = []
    wrong: list[int] = []
    started = time.perf_counter()
    clients = [
        threading.Thread(target=_loop, args=(url, method, started + seconds, took_ms, wrong))
        for _ in range(threads)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took_ms.sort()
    rate = len(took_ms) / (time.perf_counter() - started)
    p50, p99 = took_ms[len(took_ms) // 2], took_ms[int(len(took_ms) * 0.99)]
    return {"rate": rate, "p50_ms": p50, "p99_ms": p99, "wrong": len(wrong), "count": len(took_ms)}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))
