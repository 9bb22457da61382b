"""What a hundred thousand deployments with half a million commits may cost, told from smaller histories.

A history of four times the size takes four times as long: a quadratic step in it would take sixteen times.
So what a fifth or a tenth of a large history takes tells what all of it would; `make bench` measures that.
"""

from pathlib import Path

import pytest

from tests.bench import dora as bench

LARGE = bench.FULL_SIZE
TIMES = 4  # as large
MOST_TIMES = 7  # as long: noise, and sorting
ATTEMPTS = 3  # what is linear shows it in one of them, and what is not in none


def costs(name: str, size: int, tmp_path: Path):
    """The measurements of a history and of one four times as large."""
    measurements = []
    for deployments in (size, size * TIMES):
        folder = tmp_path / str(deployments)
        if not folder.exists():
            folder.mkdir()
            if name in ("reading", "reports"):
                bench.write_csv(folder, deployments)
        measurements.append(bench.measured(name, deployments, folder))
    return measurements


def grows_linearly(name: str, size: int, tmp_path: Path) -> dict[str, float]:
    """Fail unless the processor's time does; return the time and memory that a large history would take."""
    ratios = []
    for _ in range(ATTEMPTS):
        small, large = costs(name, size, tmp_path)
        ratios.append(large["cpu_s"] / small["cpu_s"])
        if ratios[-1] <= MOST_TIMES:
            break
    assert min(ratios) <= MOST_TIMES, f"{name} of {TIMES} times the history takes {ratios} times as long"
    each_mb = (large["mb"] - small["mb"]) / (size * TIMES - size)
    return large | {
        "large_cpu_s": large["cpu_s"] / (size * TIMES) * LARGE,
        "large_mb": small["mb"] + each_mb * (LARGE - size),
    }


# The processor's time, not the clock's: other tests run beside it
@pytest.mark.parametrize(
    ("name", "size", "most_cpu_s", "most_mb", "counted"),
    [
        pytest.param("analysis", 5000, 5, 500, {"deployments": 20_000}, id="analysis"),
        # a second for 20,000 deployments and 5,000 incidents
        pytest.param("links", 5000, 5, 500, {"linked": 5000}, id="causes of incidents through 30 years"),
        pytest.param("reading", 5000, 5, 400, {"deployments": 20_000, "commits": 100_000}, id="reading CSV"),
        pytest.param("reports", 2500, None, 600, {"exit_code": 0}, id="--json and --html"),
    ],
)
def test_a_hundred_thousand_deployments_would_take(name, size, most_cpu_s, most_mb, counted, tmp_path):
    cost = grows_linearly(name, size, tmp_path)

    assert {key: cost[key] for key in counted} == counted
    assert most_cpu_s is None or cost["large_cpu_s"] <= most_cpu_s, cost
    assert cost["large_mb"] <= most_mb, cost
