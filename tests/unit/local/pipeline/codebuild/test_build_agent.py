"""Builds that really run: bash in a folder of their own, as the build's container would."""

import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass

import pytest

from local.pipeline.codebuild import build_agent


@dataclass
class Built:
    """What a build left."""

    result: dict
    log: str
    code: int
    artifact: dict | None

    def phases(self):
        return {phase["name"]: phase["status"] for phase in self.result["phases"]}


def phase(name, *commands, always=(), aborts=True):
    return {"name": name, "commands": list(commands), "always": list(always), "aborts": aborts}


def source(files, links=None):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2026, 5, 17, 10, 30, 0))
            entry.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
            archive.writestr(entry, content)
        for name, target in (links or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, target)
    return buffer.getvalue()


@pytest.fixture(name="build")
def _build(tmp_path):
    """Runs a build as the container does: the module as a program."""

    def run(*phases, sources=None, links=None, environment=None, **members):
        document = {
            "phases": list(phases),
            "files": [],
            "base_directory": ".",
            "discard_paths": False,
            "exported": [],
            "cache_paths": [],
            "cache": "orders",
        } | members
        (tmp_path / "build.json").write_text(json.dumps(document))
        (tmp_path / "source.zip").write_bytes(source(sources or {"README.md": "Lantern"}, links))
        done = subprocess.run(
            [sys.executable, build_agent.__file__, tmp_path],
            env={"PATH": os.environ["PATH"], "SERVICE": "orders", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (tmp_path / "result.json").exists(), done.stderr
        path, artifact = tmp_path / "artifacts.zip", None
        if path.exists():
            with zipfile.ZipFile(path) as archive:
                artifact = {name: archive.read(name).decode() for name in archive.namelist()}
        result = json.loads((tmp_path / "result.json").read_text())
        return Built(result, done.stdout + done.stderr, done.returncode, artifact)

    return run


def test_variables_functions_and_the_folder_last_from_command_to_command(build):
    built = build(
        phase(
            "install",
            "export LIGHT=brass",
            "shade=$'one\\ntwo \"three\"'",
            "greet() { echo hello $1; }",
            "mkdir -p in && cd in",
        ),
        phase(
            "build",
            'greet "$LIGHT"',
            'echo "$shade"',
            "pwd",
            "python3 -c \"import os; print(os.environ['LIGHT'])\"",
        ),
    )

    lines = built.log.splitlines()
    assert "hello brass" in lines
    assert lines[lines.index("one") + 1] == 'two "three"'
    assert any(line.endswith("/output/src/src/in") for line in lines)
    assert built.log.count("\nbrass\n") == 1


def test_a_build_knows_its_variables(build):
    built = build(phase("build", 'echo "$SERVICE in $CODEBUILD_SRC_DIR"'))

    assert "orders in /" in built.log


def test_exit_ends_the_command_and_what_it_set_is_kept(build):
    built = build(
        phase("build", "export KEPT=yes; exit 1", "echo never", always=['echo "finally $KEPT"']),
        phase("post_build", 'echo "then $KEPT"'),
    )

    assert built.code == 1
    assert built.phases() == {"BUILD": "FAILED"}
    assert "finally yes" in built.log
    assert "\nnever" not in built.log


def test_exit_with_zero_goes_on_with_the_next_command(build):
    built = build(phase("build", "exit 0", "echo reached"))

    assert built.code == 0
    assert "\nreached\n" in built.log


def test_a_failure_is_told_in_codebuilds_words(build):
    built = build(phase("build", "false\nexit 7"))

    assert built.result["message"] == "Error while executing command: false. Reason: exit status 7"
    assert "Command did not exit successfully false exit status 7" in built.log
    assert "Phase complete: BUILD State: FAILED" in built.log
    assert "Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing" in built.log


def test_finally_runs_after_success_and_may_fail_the_phase(build):
    built = build(phase("build", "echo fine", always=["echo last", "exit 3"]))

    assert "\nlast\n" in built.log
    assert built.phases() == {"BUILD": "FAILED"}
    assert built.result["message"].endswith("exit status 3")


@pytest.mark.parametrize(
    ("failing", "aborts", "ran"),
    [
        ("install", True, ["INSTALL"]),
        ("pre_build", True, ["INSTALL", "PRE_BUILD"]),
        ("build", True, ["INSTALL", "PRE_BUILD", "BUILD"]),
        ("build", False, ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"]),
        ("install", False, ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"]),
        ("post_build", False, ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"]),
    ],
)
def test_a_failed_phase_ends_the_build_or_leads_to_the_next_as_it_says(build, failing, aborts, ran):
    names = ("install", "pre_build", "build", "post_build")

    built = build(
        *(phase(name, "false" if name == failing else "true", aborts=aborts) for name in names),
        files=["README.md"],
    )

    assert list(built.phases()) == ran
    assert built.phases()[failing.upper()] == "FAILED"
    assert built.result["succeeded"] is False


def test_a_build_says_whether_it_is_succeeding(build):
    show = 'echo "succeeding: $CODEBUILD_BUILD_SUCCEEDING"'

    built = build(
        phase("build", show, "false", always=[show], aborts=False),
        phase("post_build", show),
        environment={"CODEBUILD_BUILD_SUCCEEDING": "1"},
    )

    lines = [line for line in built.log.splitlines() if line.startswith("succeeding: ")]
    assert lines == ["succeeding: 1", "succeeding: 0", "succeeding: 0"]


def test_exported_variables_are_what_the_commands_left(build):
    built = build(
        phase("build", "export IMAGE_URI=registry/orders@sha256:1", "NOTE=$'two\\nlines'"),
        exported=["IMAGE_URI", "NOTE", "SERVICE", "NEVER_SET"],
    )

    assert built.result["exported"] == {
        "IMAGE_URI": "registry/orders@sha256:1",
        "NOTE": "two\nlines",
        "SERVICE": "orders",
    }


def test_a_trace_shows_what_the_command_does_and_none_of_its_surroundings(build):
    built = build(
        phase("build", "export TOKEN=glow-worm-7", "set -x; true; exit 0", "true"),
        environment={"PASSWORD": "fire-fly-3"},
    )

    traced = [line for line in built.log.splitlines() if line.startswith("+")]
    assert traced == ["+ true", "+ exit 0"]
    assert "fire-fly-3" not in built.log


def test_sources_keep_their_times_modes_and_links(build):
    built = build(
        phase("build", "./greet.sh", "cat link", "stat -c %y greet.sh"),
        sources={"greet.sh": "#!/bin/sh\necho hello", "text": "linked words\n"},
        links={"link": "text"},
    )

    assert built.code == 0, built.log
    assert "\nhello\n" in built.log
    assert "linked words" in built.log
    assert "2026-05-17" in built.log


DEPLOY = phase(
    "build",
    "mkdir -p deploy/more/deep && cd deploy",
    "echo 1 >a.json; echo 2 >more/b.json",
    "echo 3 >more/deep/.c.json",
)


@pytest.mark.parametrize(
    ("artifacts", "names"),
    [
        ({"files": ["deploy/a.json"]}, ["deploy/a.json"]),
        ({"files": ["a.json"], "base_directory": "deploy"}, ["a.json"]),
        ({"files": ["more/*"], "base_directory": "deploy"}, ["more/b.json"]),
        (
            {"files": ["**/*"], "base_directory": "deploy"},
            ["a.json", "more/b.json", "more/deep/.c.json"],
        ),
        (
            {"files": ["**/*"], "base_directory": "deploy", "discard_paths": True},
            ["a.json", "b.json", ".c.json"],
        ),
        ({"files": ["a.json", "*.json"], "base_directory": "deploy"}, ["a.json"]),
    ],
)
def test_artifacts_are_the_files_that_match_each_once(build, artifacts, names):
    built = build(DEPLOY, **artifacts)

    assert sorted(built.artifact) == sorted(names)
    assert built.phases()["UPLOAD_ARTIFACTS"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("artifacts", "message"),
    [
        (
            {"files": ["a.json", "*.xml"], "base_directory": "deploy"},
            "CLIENT_ERROR: no matching artifact paths found for *.xml",
        ),
        ({"files": ["deploy"]}, "CLIENT_ERROR: no matching artifact paths found for deploy"),
        (
            {"files": ["a.json"], "base_directory": "dist"},
            "CLIENT_ERROR: no matching base directory path found for dist",
        ),
    ],
)
def test_artifacts_that_are_missing_fail_the_build(build, artifacts, message):
    built = build(DEPLOY, **artifacts)

    assert built.result["message"] == message
    assert built.phases()["UPLOAD_ARTIFACTS"] == "FAILED"
    assert "Phase context status code: CLIENT_ERROR Message: no matching" in built.log
    assert built.code == 1


def test_a_cached_folder_is_there_in_the_next_build_of_its_name_only(build):
    cached = {"cache_paths": ["kept/**/*"]}
    build(phase("build", "echo warm >kept/there"), **cached)

    same = build(phase("build", "cat kept/there"), **cached)
    other = build(phase("build", "cat kept/there"), **cached, cache="catalog")

    assert "\nwarm\n" in same.log
    assert other.code == 1


def test_a_command_that_reads_input_finds_none(build):
    assert build(phase("build", "cat")).code == 0
