"""`make bench`: what tracing costs, how fast the shop starts, how much memory it takes. It asserts nothing.

The three ways of tracing run side by side and are measured in turn, round by round, so that a noisy machine
disturbs all of them alike. Only the ratios travel; the absolute figures are this machine's.
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

from tests.shop import Shop
from tests.waiting import wait_until

ROUNDS, SECONDS, CLIENTS = 5, 4.0, 4
CALLS = (("GET", "/api/products"), ("POST", "/api/orders"))
WAYS = {
    "off": {"AWS_XRAY_SDK_ENABLED": "false"},
    "on, 100 %": {},
    # without an answer on TCP the SDK falls back on its own rule: one a second and 5 % of the rest
    "on, SDK's rate": {"AWS_XRAY_DAEMON_ADDRESS": "tcp:127.0.0.1:9 udp:127.0.0.1:{xray}"},
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
                if way == "on, 100 %":
                    _report_start(shop, started)
            _measure(shops)
            _report_memory(shops["on, 100 %"])
        finally:
            for shop in shops.values():
                shop.stop()
    _report_images()


def _measure(shops: dict[str, Shop]) -> None:
    figures: dict[tuple[str, str], list[dict[str, float]]] = {}
    for shop in shops.values():
        for method, path in CALLS:
            _load(shop, method, path, 1.0)
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS} …", file=sys.stderr, flush=True)
        for method, path in CALLS:
            for way, shop in list(shops.items())[:: 1 if number % 2 else -1]:
                figures.setdefault((f"{method} {path}", way), []).append(_load(shop, method, path, SECONDS))
    print(f"\n{'':20}{'tracing':18}{'requests/s':>12}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}")
    for (call, way), rounds in figures.items():
        base = [r["rate"] for r in figures[call, "off"]]
        ratio = statistics.median(r["rate"] / b for r, b in zip(rounds, base, strict=True))
        rate, p50, p99 = (statistics.median(r[key] for r in rounds) for key in ("rate", "p50_ms", "p99_ms"))
        failed = sum(int(r["wrong"]) for r in rounds)
        print(f"{call:20}{way:18}{rate:12.1f}{ratio:8.2f}{p50:9.1f}{p99:9.1f}{failed:8d}")


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
