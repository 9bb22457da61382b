"""`make bench`: what tracing costs, how fast the shop starts, how much memory it takes. It asserts nothing.

The ways of tracing run side by side and are measured in turn, round by round, so that a noisy machine
disturbs all of them alike. Only the ratios travel; the absolute figures are this machine's. Throughput varies
too much for what tracing costs: that is told by the processor time of each service, without the local AWS's.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.shop import SERVICES, Shop
from tests.waiting import wait_until

ROUNDS, SECONDS, CLIENTS = 10, 3.0, 2
IDLE_MS = 0.1
CALLS = (("GET", "/api/products"), ("POST", "/api/orders"))
OFF, OURS = "off", "X-Ray SDK, ours"
ROOT = Path(__file__).parents[2]
# as it comes: emitter, headers and descriptions of calls are the SDK's own
WAYS = {
    OFF: {"TRACING": "off"},
    "X-Ray SDK, as it comes": {"PYTHONPATH": f"{Path(__file__).parent / 'sdk_as_it_comes'}:{ROOT}"},
    OURS: {},
    "OpenTelemetry": {"TRACING": "opentelemetry"},
}


def main() -> None:
    """Start one shop for each way of tracing and measure them in turn."""
    with tempfile.TemporaryDirectory() as folder:
        shops = {
            way: Shop(Path(folder) / str(n), settings, ("console",))
            for n, (way, settings) in enumerate(WAYS.items())
        }
        try:
            for way, shop in shops.items():
                shop.folder.mkdir()
                started = time.perf_counter()
                shop.start()
                shop.add_product("brass-storm-lantern", 10_000_000)
                if way == OURS:
                    _report_start(shop, started)
            _measure(shops)
            _report_memory(shops[OURS])
        finally:
            for shop in shops.values():
                shop.stop()
    _report_images()


def _measure(shops: dict[str, Shop]) -> None:
    """Every request is sampled. Compared are rounds of the same number, which follow each other at once."""
    figures: dict[tuple[str, str], list[dict[str, float]]] = {}
    for shop in shops.values():
        for method, path in CALLS:
            _load(shop, method, path, 1.0)
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS} …", file=sys.stderr, flush=True)
        for method, path in CALLS:
            for way, shop in list(shops.items())[:: 1 if number % 2 else -1]:
                measured = _with_processor_time(shop, method, path)
                figures.setdefault((f"{method} {path}", way), []).append(measured)
    print(f"\n{'':20}{'tracing':24}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}")
    for (call, way), rounds in figures.items():
        rate, p50, p99 = (statistics.median(r[key] for r in rounds) for key in ("rate", "p50_ms", "p99_ms"))
        print(f"{call:20}{way:24}{rate:12.1f}{p50:9.1f}{p99:9.1f}{sum(int(r['wrong']) for r in rounds):8d}")
    print(
        f"\nprocessor time a request, ms\n{'':20}{'service':12}{'tracing':24}{'ms':>8}{'ratio':>8}  quartiles"
    )
    for service in SERVICES:
        for (call, way), rounds in figures.items():
            base = [r[service] for r in figures[call, OFF]]
            if statistics.median(base) < IDLE_MS:
                continue  # the call doesn't reach it
            ratios = [r[service] / b for r, b in zip(rounds, base, strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            ms = statistics.median(r[service] for r in rounds)
            print(f"{call:20}{service:12}{way:24}{ms:8.2f}{middle:8.2f}  {low:.2f} to {high:.2f}")


def _with_processor_time(shop: Shop, method: str, path: str) -> dict[str, float]:
    """A round's figures; beside them, for each service, how many ms of the processor one request took."""
    before = {service: _processor_s(shop, service) for service in SERVICES}
    figures = _load(shop, method, path, SECONDS)
    return figures | {
        service: (_processor_s(shop, service) - before[service]) / figures["count"] * 1000
        for service in SERVICES
    }


def _processor_s(shop: Shop, service: str) -> float:
    """Seconds of the processor that a service's processes took so far, threads included, from /proc."""
    process = shop.parts[service].process
    assert process is not None
    parent = psutil.Process(process.pid)
    times = [member.cpu_times() for member in (parent, *parent.children(recursive=True))]
    return sum(time_.user + time_.system for time_ in times)


def _load(shop: Shop, method: str, path: str, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.load", shop.url + path, method, str(seconds), str(CLIENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _report_start(shop: Shop, started: float) -> None:
    ready_s = time.perf_counter() - started
    trace_id = shop.order("brass-storm-lantern", "first-trace").json()
    assert trace_id
    wait_until(
        lambda: shop.client("xray").get_service_graph(StartTime=time.time() - 60, EndTime=time.time())[
            "Services"
        ]
    )
    print(f"ready after {ready_s:.1f} s, first trace after {time.perf_counter() - started:.1f} s")


def _report_memory(shop: Shop) -> None:
    print(f"\n{'memory':20}{'MB':>8}")
    total = 0.0
    for name, part in shop.parts.items():
        assert part.process is not None
        process = psutil.Process(part.process.pid)
        mb = sum(p.memory_full_info().pss for p in (process, *process.children(recursive=True))) / 1e6
        total += mb
        print(f"{name:20}{mb:8.1f}")
    print(f"{'whole stack':20}{total:8.1f}   (proportional set size, after the load)")


def _report_images() -> None:
    if not shutil.which("docker"):
        return
    listing = [
        "docker",
        "images",
        "--filter",
        "label=org.opencontainers.image.title",
        "--format",
        "{{.Repository}}\t{{.Size}}",
    ]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    print("\nimages\n" + (done.stdout or "none built yet: docker compose build\n"))


if __name__ == "__main__":
    main()
