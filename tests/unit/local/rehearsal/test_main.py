import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.pipeline.clock import MOST_SCALE
from local.rehearsal.commits import RELEASES
from local.rehearsal.settings import MOST_RATE, Settings
from settings import SettingsError, load, variables

ROOT = Path(__file__).parents[4]
VARIABLES = [variable.name for variable in variables(Settings).values()]


def test_without_variables_the_head_is_rehearsed_a_minute_in_a_second():
    defaults = Settings(commit="HEAD", release="good", scale=60.0, approval=False, rate=20.0)

    assert load(Settings, {}) == load(Settings, dict.fromkeys(VARIABLES, "")) == defaults


def test_every_variable_is_read():
    environ = {"COMMIT": "v1", "RELEASE": "slow", "TIME_SCALE": "1", "APPROVAL": "yes", "RATE": "0.5"}

    assert load(Settings, environ) == Settings(
        commit="v1", release="slow", scale=1.0, approval=True, rate=0.5
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("TIME_SCALE", value)
            for value in ("0", "0.5", "-1", "x", "nan", "inf", f"{MOST_SCALE + 1}", "60s")
        ),
        *(("RATE", value) for value in ("-1", "x", "nan", f"{MOST_RATE + 1}", "many")),
        *(("APPROVAL", value) for value in ("perhaps", "1", "true")),
        *(("RELEASE", value) for value in ("nope", "Good", "../good")),
    ],
)
def test_a_wrong_variable_is_named_with_what_was_expected(name, value):
    with pytest.raises(SettingsError, match=f"^{name}='{value}': expected "):
        load(Settings, {name: value})


def test_an_unknown_release_is_refused_naming_those_that_are_prepared():
    with pytest.raises(SettingsError, match=r"^RELEASE='nope': expected one of good, errors") as refused:
        load(Settings, {"RELEASE": "nope"})

    assert all(name in str(refused.value) for name in RELEASES)


def test_every_wrong_variable_is_named_at_once():
    with pytest.raises(SettingsError) as refused:
        load(Settings, {"RELEASE": "nope", "TIME_SCALE": "0", "APPROVAL": "perhaps", "RATE": "x"})

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
    environ = {name: value for name, value in os.environ.items() if name not in VARIABLES}

    result = subprocess.run(
        [sys.executable, "-m", "local.rehearsal"],
        cwd=ROOT,
        env=environ | wrong,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    ((name, value),) = wrong.items()
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert name in result.stderr
    if name in VARIABLES:
        assert result.stderr.startswith((f"{name}={value}: ", f"{name}={value!r}: "))
