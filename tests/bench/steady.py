"""What `make traffic RATE=20` leaves behind: memory of each part, disk of each state folder. Asserts nothing.

MINUTES says how long; growth an hour is the slope after the first half, when everything has warmed up.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.shop import CLEAN, ROOT, Shop, running

MINUTES = float(os.environ.get("MINUTES") or 2)
RATE = 20
LOOK_S = 10


def main() -> None:
    """Shoppers and deliveries, as `make traffic` has them, and a look every few seconds."""
    with tempfile.TemporaryDirectory() as name, running(Path(name), "console", "logs") as shop:
        deliveries = subprocess.Popen(
            [sys.executable, "-m", "services.catalog.seed", "--fill-up", "--every", "5"],
            env=shop["catalog"].environ,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        environ = {**CLEAN, "PYTHONPATH": str(ROOT), "TARGET_URL": shop.url, "RATE": str(RATE)}
        python = Path(sys.prefix) / "traffic" / "bin" / "python"
        shoppers = subprocess.Popen(
            [python, "-m", "local.traffic"],
            env=environ | {"SECONDS": f"{60 * MINUTES:g}"},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        looks = []
        try:
            while shoppers.poll() is None:
                time.sleep(LOOK_S)
                looks.append((time.monotonic(), look(shop)))
        finally:
            for process in (shoppers, deliveries):
                process.terminate()
                process.wait(30)
        report(shop, looks)


def look(shop: Shop) -> dict[str, float]:
    """Megabytes by part, of memory, and by state folder."""
    memory = {
        f"{name}, memory": _memory(part.process.pid) for name, part in shop.parts.items() if part.process
    }
    disk = {f"{folder.name}, disk": _size(folder) for folder in shop.folder.iterdir() if folder.is_dir()}
    return memory | disk


def report(shop: Shop, looks: list[tuple[float, dict[str, float]]]) -> None:
    """A line for each figure: at the end, and the growth an hour."""
    (half_s, half), (end_s, end) = looks[len(looks) // 2], looks[-1]
    for name, size in end.items():
        growth = (size - half.get(name, 0.0)) / (end_s - half_s) * 3600
        print(f"{name:24} {size:8.1f} MB after {MINUTES:g} min, {growth:+8.1f} MB an hour")
    statuses = [line["status"] for line in shop["orders"].lines() if line.get("method") == "POST"]
    print(f"orders placed · refused for want of stock   {statuses.count(201)} · {statuses.count(409)}")


def _memory(pid: int) -> float:
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return float(sum(member.memory_full_info().pss for member in family)) / 1e6


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
