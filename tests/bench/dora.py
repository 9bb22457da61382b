"""`make bench`: the DORA metrics of a hundred thousand deployments with half a million commits.

Each measurement is made in a process of its own, `python -m tests.bench.dora NAME SIZE FOLDER`, which prints
it as JSON; tests/unit/dora/test_performance.py takes the same ones of smaller histories.
"""

import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dora import __main__ as command
from dora.analysis import analyse
from dora.counting_rules import CountingRules
from dora.metrics import report
from dora.readers import csv_files
from dora.records import Commit, Deployment, History, Incident
from dora.times import utc
from dora.windows import Window

FULL_SIZE = 100_000
COMMITS = 5  # of each deployment
START, STEP = 1_600_000_000.0, 900.0
SERVICES = ("catalog", "orders", "storefront")
THIRTY_YEARS_S = 1e9
ROOT = Path(__file__).parents[2]
DEPLOYMENT_COLUMNS = "id,service,status,started_at,revision,triggered_at,exposed_at,live_at,ended_at\n"

Measurement = dict[str, float]


def _deployment(number: int) -> Deployment:
    at, failed = START + number * STEP, number % 20 == 7
    return Deployment(
        id=f"d-{number:09}",
        service=SERVICES[number % 3],
        revision=f"{number:040x}",
        status="failed" if failed else "succeeded",
        started_at=at,
        triggered_at=at - 300,
        exposed_at=at + 60,
        live_at=None if failed else at + 300,
        ended_at=at + 400,
        restored_at=at + 200 if failed else None,
        commits=tuple(
            Commit(f"{number * COMMITS + k:040x}", at - 3600 * k - 60, "Light the lantern")
            for k in range(COMMITS)
        ),
    )


def measure_analysis(size: int, _folder: Path) -> Measurement:
    """Analyse a history of three services with an incident of orders for every tenth deployment."""
    deployments = tuple(map(_deployment, range(size)))
    incidents = tuple(
        Incident(id=f"i-{n}", service="orders", opened_at=(at := START + n * 10 * STEP), closed_at=at + 600)
        for n in range(size // 10)
    )
    began = time.process_time()
    made = report(analyse(History(deployments, incidents)), Window(START, START + (size + 1) * STEP), 0)
    used_s = time.process_time() - began
    return {"cpu_s": used_s, "deployments": sum(len(each.counted) for each in made.services.values())}


def measure_links(size: int, _folder: Path) -> Measurement:
    """Look for the cause of an incident for every fourth deployment, through thirty years."""
    deployments = tuple(
        Deployment(
            id=f"d-{n}",
            service="orders",
            status="succeeded",
            started_at=(at := n * 600.0),
            live_at=at + 60,
            ended_at=at + 90,
        )
        for n in range(size)
    )
    incidents = tuple(
        Incident(id=f"i-{n}", service="orders", opened_at=(at := n * 2400.0 + 300), closed_at=at + 100)
        for n in range(size // 4)
    )
    rules = CountingRules(link_limit_s=THIRTY_YEARS_S)
    began = time.process_time()
    links = analyse(History(deployments, incidents), rules).services["orders"].links
    return {"cpu_s": time.process_time() - began, "linked": sum(bool(link.deployment) for link in links)}


def measure_reading(_size: int, folder: Path) -> Measurement:
    """Read the CSV files of a folder."""
    began = time.process_time()
    history = csv_files.read(folder)
    return {
        "cpu_s": time.process_time() - began,
        "deployments": len(history.deployments),
        "commits": sum(len(deployment.commits) for deployment in history.deployments),
    }


def measure_reports(_size: int, folder: Path) -> Measurement:
    """Run the command over the CSV files of a folder with --json and --html."""
    span = ["--since", "2020-01-01", "--until", "2024-01-01"]
    began = time.process_time()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        code = command.main(["--csv", str(folder), *span, "--json", "--html", str(folder / "report.html")])
    return {"cpu_s": time.process_time() - began, "exit_code": code}


MEASUREMENTS: dict[str, Callable[[int, Path], Measurement]] = {
    "analysis": measure_analysis,
    "links": measure_links,
    "reading": measure_reading,
    "reports": measure_reports,
}


def write_csv(folder: Path, size: int) -> None:
    """Write the CSV files of a history of so many deployments."""
    with (
        (folder / "deployments.csv").open("w") as deployments,
        (folder / "commits.csv").open("w") as commits,
    ):
        deployments.write(DEPLOYMENT_COLUMNS)
        commits.write("sha,committed_at,deployment_id,message\n")
        for n in range(size):
            at = int(START + n * STEP)
            times = ",".join(utc(at + after) for after in (60, 300, 400))
            deployments.write(
                f"d-{n:09},{SERVICES[n % 3]},succeeded,{utc(at)},{n:040x},{utc(at - 300)},{times}\n"
            )
            for k in range(COMMITS):
                commits.write(f"{n * COMMITS + k:040x},{utc(at - 3600 * k - 60)},d-{n:09},Light lamp {k}\n")


def measured(name: str, size: int, folder: Path) -> Measurement:
    """Make a measurement in a process of its own: cpu_s, its peak memory mb, and what it counted."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.dora", name, str(size), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    measurement: Measurement = json.loads(done.stdout)
    return measurement


def _peak_mb() -> float:
    """The peak of this program alone: ru_maxrss would begin with what the process that started it has."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main(arguments: list[str]) -> None:
    """Make one measurement, or print all of them at full size."""
    if arguments:
        name, size, folder = arguments
        gc.disable()  # as the command line does
        print(json.dumps(MEASUREMENTS[name](int(size), Path(folder)) | {"mb": _peak_mb()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder), FULL_SIZE)
        for name in MEASUREMENTS:
            size = 20_000 if name == "links" else FULL_SIZE
            figures = measured(name, size, Path(folder))
            print(f"{name:<10}{size:>8} deployments {figures['cpu_s']:6.2f} s {figures['mb']:5.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
