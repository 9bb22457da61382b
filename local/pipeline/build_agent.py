"""Runs inside the build's container, as CodeBuild's agent does: phases, commands, cache, artifacts.

Standard library only. Reads /codebuild/build.json, leaves result.json and artifacts.zip beside it. Commands
of one build share variables, functions and the working directory, as CodeBuild's do since version 0.2; each
is a script of its own, so that `exit 1` ends the command and not the agent.
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HOME = Path("/codebuild")
SOURCE = HOME / "output/src/src"
MEMORY = HOME / "output/tmp/env.sh"
CACHE = HOME / "local-cache/custom"
# what a shell sets itself and another could not take over
SCRIPT = r"""
[ -f {memory} ] && . {memory} >/dev/null 2>&1
lantern_remember() {{
  {{
    declare -p | grep -Ev '^declare -[a-zA-Z-]*r' \
      | grep -Ev '^declare -[a-zA-Z-]+ (BASH[A-Z_]*|DIRSTACK|EUID|FUNCNAME|GROUPS|PPID|SHELLOPTS|UID|_)(=|$)'
    declare -f
    printf 'cd %q\n' "$PWD"
  }} > {memory}.new && mv {memory}.new {memory}
}}
trap lantern_remember EXIT
"""


def main() -> int:
    """Exit code 0 when every phase succeeded, else 1."""
    build = json.loads((HOME / "build.json").read_text())
    for folder in (SOURCE, MEMORY.parent, CACHE):
        folder.mkdir(parents=True, exist_ok=True)
    _link_caches(build["cache_paths"], CACHE / build["cache"])
    with zipfile.ZipFile(HOME / "source.zip") as archive:
        _unpack(archive)
    environment = {**os.environ, **build["environment"], "CODEBUILD_SRC_DIR": str(SOURCE)}
    phases, succeeded, message = _run_phases(build, environment)
    if succeeded and build["files"]:
        problem = _pack(build)
        phases.append({"name": "UPLOAD_ARTIFACTS", "status": "FAILED" if problem else "SUCCEEDED"})
        succeeded, message = not problem, problem or message
    result = {
        "succeeded": succeeded,
        "message": message,
        "phases": phases,
        "exported": _exported(build["exported"]),
    }
    (HOME / "result.json").write_text(json.dumps(result))
    return 0 if succeeded else 1


def _run_phases(build: dict[str, Any], environment: dict[str, str]) -> tuple[list[dict[str, Any]], bool, str]:
    """Each phase's result; a failed install or pre_build skips build, and post_build follows a failed build
    unless that said ABORT. https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html"""
    done: list[dict[str, Any]] = []
    failed, message, ended = "", "", False
    for phase in build["phases"]:
        if ended or (failed and phase["name"] != "post_build"):
            continue
        say(f"Entering phase {phase['name'].upper()}")
        began = _now()
        problem = _run(phase["commands"], environment)
        problem = _run(phase["always"], environment) or problem
        state = "FAILED" if problem else "SUCCEEDED"
        done.append({"name": phase["name"].upper(), "status": state, "began": began, "ended": _now()})
        say(f"Phase complete: {phase['name'].upper()} State: {state}")
        if problem:
            say(f"Phase context status code: COMMAND_EXECUTION_ERROR Message: {problem}")
            failed, message = failed or phase["name"], message or problem
            ended = phase["aborts"]
    return done, not failed, message


def _run(commands: list[str], environment: dict[str, str]) -> str:
    """Run until one fails; returns what failed, or nothing."""
    for command in commands:
        shown = command.strip()
        say(f"Running command {shown}")
        script = SCRIPT.format(memory=MEMORY) + command + "\n"
        file = MEMORY.with_name("script.sh")
        file.write_text(script)
        code = subprocess.run(  # what `shell: bash` asks for; sh is bash here too, as on CodeBuild's images
            ["bash", str(file)], cwd=SOURCE, env=environment, stdin=subprocess.DEVNULL, check=False
        ).returncode
        if code:
            say(f"Command did not exit successfully {shown.splitlines()[0]} exit status {code}")
            return f"Error while executing command: {shown.splitlines()[0]}. Reason: exit status {code}"
    return ""


def _exported(names: list[str]) -> dict[str, str]:
    """The exported variables that the commands have set."""
    show = "".join(f'printf "%s\\0" "${{{name}-}}"\n' for name in names)
    script = f"[ -f {MEMORY} ] && . {MEMORY} >/dev/null 2>&1\n{show}"
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False).stdout
    return {name: value for name, value in zip(names, said.split("\0"), strict=False) if value}


def _link_caches(paths: list[str], cache: Path) -> None:
    """Cached folders are links into the cache, as with CodeBuild's local cache; each host has its own."""
    for path in paths:
        folder = Path(path.removesuffix("/**/*").removesuffix("/*"))
        if not folder.is_absolute():
            folder = SOURCE / folder
        kept = cache / hashlib.sha256(path.encode()).hexdigest()[:16]
        kept.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            folder.symlink_to(kept)


def _unpack(archive: zipfile.ZipFile) -> None:
    for member in archive.infolist():
        target = archive.extract(member, SOURCE)
        if mode := member.external_attr >> 16:
            os.chmod(target, mode & 0o777)
        written = datetime(*member.date_time, tzinfo=UTC).timestamp()  # make compares times
        os.utime(target, (written, written))


def _pack(build: dict[str, Any]) -> str:
    """Zip the artifacts; returns what is missing, or nothing."""
    base = SOURCE / build["base_directory"]
    if not base.is_dir():
        return f"CLIENT_ERROR: no matching base directory path found for {build['base_directory']}"
    with zipfile.ZipFile(HOME / "artifacts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for pattern in build["files"]:
            found = [
                Path(name)
                for name in glob.glob(pattern, root_dir=base, recursive=True)
                if (base / name).is_file()
            ]
            if not found:
                return f"CLIENT_ERROR: no matching artifact paths found for {pattern}"
            for name in found:
                archive.write(base / name, name.name if build["discard_paths"] else str(name))
    return ""


def say(words: str) -> None:
    """A line of the agent's own, as CodeBuild marks them."""
    print(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {words}", flush=True)  # noqa: T201  the build log


def _now() -> float:
    return datetime.now(UTC).timestamp()


if __name__ == "__main__":
    shutil.rmtree(HOME / "output", ignore_errors=True)
    sys.exit(main())
