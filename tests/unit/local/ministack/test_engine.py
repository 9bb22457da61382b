"""MiniStack runs nothing: it starts programs in one way, and that one is closed."""

import re
import subprocess
import sys
from pathlib import Path

import ministack
import pytest

from local.ministack import engine

STARTS = re.compile(
    r"\bos\.(system|popen|exec\w+|spawn\w+|posix_spawn\w*|fork\w*)\(|\bpty\.|\bmultiprocessing\b"
    r"|(?<![\w.])(eval|exec)\(|\b_posixsubprocess\b"
)


def test_ministack_starts_programs_by_popen_only_and_runs_no_text_as_code():
    """Outside the texts of the workers that it would start; a new version has to be looked at."""
    found = {
        f"{path.name}: {line.strip()}"
        for path in Path(ministack.__file__).parent.rglob("*.py")
        for line in path.read_text().splitlines()
        if STARTS.search(line) and not line.lstrip().startswith("#")
    }

    assert found == set()


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.run(['true'])",
        "subprocess.Popen('true', shell=True)",
        "asyncio.run(asyncio.create_subprocess_exec('true'))",
    ],
)
def test_a_process_that_forbids_programs_starts_none(start):
    script = (
        f"import asyncio, subprocess\nfrom local.ministack import engine\nengine.forbid_programs()\n{start}"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "PermissionError: the local AWS runs nothing that a request brings along" in done.stderr


@pytest.mark.parametrize("service", ["lambda", "cloudformation", "states", "glue", "codebuild", "batch"])
def test_services_that_run_what_a_request_brings_are_not_among_those_that_are_on(service):
    assert service not in engine.SERVICES
