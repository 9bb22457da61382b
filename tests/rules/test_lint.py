"""Each command of `make lint` as a test, so that `make test` checks the rules beside everything else."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)[1]
COMMANDS = re.findall(r"^\t@\$\(BIN\)/(.*)$", RECIPE, re.M)


def test_every_line_of_the_recipe_is_a_command_of_the_environment():
    assert len(COMMANDS) == len(RECIPE.splitlines())
    assert COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_breaks_the_rules_of(command):
    program, *arguments = shlex.split(command)

    checked = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
