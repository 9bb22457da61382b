import subprocess
import sys
from pathlib import Path

import pytest

from local.rehearsal.__main__ import read
from local.rehearsal.errors import CouldNotRun
from local.rehearsal.pipeline import Pace

ROOT = Path(__file__).parents[4]


def test_nothing_has_to_be_said():
    wish = read({})

    assert (wish.commit, wish.release, wish.pace, wish.rate) == ("HEAD", "good", Pace(60.0, False), 20.0)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"TIME_SCALE": "0"}, "TIME_SCALE=0: expected simulated seconds that pass in one, from 1 to 600"),
        ({"TIME_SCALE": "fast"}, "TIME_SCALE=fast: expected"),
        ({"RATE": "-1"}, "RATE=-1: expected requests a second, 0 for none, from 0 to 100"),
        ({"APPROVAL": "maybe"}, "APPROVAL=maybe: expected yes or no"),
    ],
)
def test_a_wrong_variable_is_named_with_what_was_expected(environ, words):
    with pytest.raises(CouldNotRun, match=words):
        read(environ)


@pytest.mark.parametrize("wrong", [{"COMMIT": "no-such-branch"}, {"RELEASE": "bad"}, {"TIME_SCALE": "x"}])
def test_what_could_not_run_ends_with_2_and_one_line_of_words(wrong):
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **wrong}

    done = subprocess.run(
        [sys.executable, "-m", "local.rehearsal"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    (name, value), *_ = wrong.items()
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"{name}={value}: ")
    assert len(done.stderr.splitlines()) == 1
