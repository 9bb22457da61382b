"""A unit test counts on no quick machine: the builds of a rehearsal run them, three side by side."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
WALL_CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}


def test_no_unit_test_measures_wall_time():
    """They wait for conditions, move a clock of their own, or measure processor time."""
    readings = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file in sorted((ROOT / "tests" / "unit").rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in WALL_CLOCKS and ast.unparse(call.func.value) == "time"
    ]

    assert readings == []
