"""A hundred thousand deployments with half a million commits, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

MOST_CPU_S = 5  # of the processor, not of the clock: other tests run beside it
MOST_MB = 500

PROGRAM = """
import gc, json, resource, time
from dora.analysis import analyse
from dora.metrics import report
from dora.records import Commit, Deployment, History, Incident
from dora.windows import Window

START, STEP = 1_600_000_000.0, 900.0

def deployment(n):
    at, failed = START + n * STEP, n % 20 == 7
    return Deployment(
        id=f"d-{n:09}", service=("catalog", "orders", "storefront")[n % 3], revision=f"{n:040x}",
        status="failed" if failed else "succeeded", started_at=at, triggered_at=at - 300, exposed_at=at + 60,
        live_at=None if failed else at + 300, ended_at=at + 400, restored_at=at + 200 if failed else None,
        commits=tuple(Commit(f"{n * 5 + k:040x}", at - 3600 * k - 60, "Light the lantern") for k in range(5)),
    )

gc.disable()  # as the command line does
deployments = tuple(deployment(n) for n in range(100_000))
incidents = tuple(
    Incident(id=f"i-{n}", service="orders", opened_at=START + n * 9000, closed_at=START + n * 9000 + 600)
    for n in range(10_000)
)
began = time.process_time()
made = report(analyse(History(deployments, incidents)), Window(START, START + 100_001 * STEP), 0)
used = time.process_time() - began
figures = made.services["orders"].figures
print(json.dumps({
    "cpu_s": used,
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "n": {name: figure.n for name, figure in figures.items()},
}))
"""


def test_a_hundred_thousand_deployments_take_five_seconds_and_500_megabytes():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    measurement = json.loads(done.stdout)

    assert measurement["n"]["deployment frequency"] == 33_333
    assert measurement["n"]["change lead time"] == 5 * (33_333 - 1)  # the first brings none
    assert measurement["cpu_s"] <= MOST_CPU_S, measurement
    assert measurement["mb"] <= MOST_MB, measurement
