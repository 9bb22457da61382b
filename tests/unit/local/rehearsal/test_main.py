import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.rehearsal.__main__ import MOST_RATE, MOST_SCALE, Wish, read
from local.rehearsal.errors import CouldNotRun
from local.rehearsal.pipeline import Pace

ROOT = Path(__file__).parents[4]
WISHES = ("COMMIT", "RELEASE", "TIME_SCALE", "APPROVAL", "RATE")


def test_without_a_wish_the_head_is_rehearsed_a_minute_a_second():
    assert read({}) == read(dict.fromkeys(WISHES, "")) == Wish("HEAD", "good", Pace(60.0, False), 20.0)


def test_every_wish_is_heard():
    said = {"COMMIT": "v1", "RELEASE": "slow", "TIME_SCALE": "1", "APPROVAL": "yes", "RATE": "0.5"}

    assert read(said) == Wish("v1", "slow", Pace(1.0, True), 0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("TIME_SCALE", value)
            for value in ("0", "0.5", "-1", "x", "nan", "inf", f"{MOST_SCALE + 1}", "60s")
        ),
        *(("RATE", value) for value in ("-1", "x", "nan", f"{MOST_RATE + 1}", "many")),
        *(("APPROVAL", value) for value in ("Yes", "1", "true")),
        *(("RELEASE", value) for value in ("nope", "Good", "../good")),
    ],
)
def test_a_wrong_wish_is_named_with_what_was_expected(name, value):
    with pytest.raises(CouldNotRun, match=f"^{name}={value}: expected "):
        read({name: value})


def test_every_wrong_wish_is_named_at_once():
    with pytest.raises(CouldNotRun) as refused:
        read({"RELEASE": "nope", "TIME_SCALE": "0", "APPROVAL": "perhaps", "RATE": "x"})

    assert [part.partition("=")[0] for part in str(refused.value).split("; ")] == [
        "RELEASE",
        "TIME_SCALE",
        "APPROVAL",
        "RATE",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"COMMIT": "nope"},
        {"COMMIT": "--output=x"},
        {"RELEASE": "nope"},
        {"TIME_SCALE": "0"},
        {"RATE": "x"},
        {"PIPELINE_PORT": "soon"},
    ],
    ids=lambda wrong: "=".join(*wrong.items()),
)
def test_wrong_input_ends_with_2_and_one_line(wrong):
    environ = {name: value for name, value in os.environ.items() if name not in WISHES}

    done = subprocess.run(
        [sys.executable, "-m", "local.rehearsal"],
        cwd=ROOT,
        env=environ | wrong,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    ((name, value),) = wrong.items()
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert name in done.stderr
    if name in WISHES:
        assert done.stderr.startswith(f"{name}={value}: ")
