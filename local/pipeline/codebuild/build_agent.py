"""Runs inside the build's container, as CodeBuild's agent does: phases with their commands, cache, artifacts.

Needs the standard library only. It reads build.json (a Buildspec and the name of the cache) and source.zip in
its home folder, and writes result.json and artifacts.zip there.
"""

import glob
import hashlib
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HOME = Path("/codebuild")
# Since buildspec version 0.2 the commands of a build share variables, functions and the working directory.
# Each command is a script of its own, so that `exit 1` ends the command and not the agent. When it ends, in
# whatever way, it writes its state into the file {memory}, which the next command reads; read-only variables
# and those that a shell sets itself are left out. With `set -x` the trace shows nothing of this.
SCRIPT = r"""
[ -f {memory} ] && . {memory} >/dev/null 2>&1
export CODEBUILD_BUILD_SUCCEEDING={succeeding}
lantern_remember() {{
  {{
    declare -p | grep -Ev '^declare -[a-zA-Z-]*r' \
      | grep -Ev '^declare -[a-zA-Z-]+ (BASH[A-Z_]*|DIRSTACK|EUID|FUNCNAME|GROUPS|PPID|UID|_)(=|$)' \
      | grep -Ev '^declare -[a-zA-Z-]+ (EPOCH[A-Z]*|HISTCMD|LINENO|S?RANDOM|SECONDS|SHELLOPTS)(=|$)'
    declare -f
    printf 'cd %q\n' "$PWD"
  }} > {memory}.new && mv {memory}.new {memory}
}}
trap '{{ lantern_remember; }} 2>/dev/null' EXIT
"""


class Agent:
    """Runs the build in the folder `home`."""

    def __init__(self, home: Path = HOME) -> None:
        self._home = home
        self._source = home / "output/src/src"
        self._memory = home / "output/tmp/env.sh"
        self._cache = home / "local-cache/custom"
        self._build: dict[str, Any] = json.loads((home / "build.json").read_text())

    def run(self) -> bool:
        """Run every phase and pack the artifacts. Returns whether the build succeeded."""
        shutil.rmtree(self._home / "output", ignore_errors=True)
        for folder in (self._source, self._memory.parent, self._cache):
            folder.mkdir(parents=True, exist_ok=True)
        self._link_caches()
        with zipfile.ZipFile(self._home / "source.zip") as archive:
            self._unpack(archive)
        phases, message, is_aborted = self._run_phases()
        if self._build["files"] and not is_aborted:
            began = _now()
            problem = self._pack_artifacts()
            phases.append(_phase_result("UPLOAD_ARTIFACTS", began, problem))
            if problem:
                say(f"Phase context status code: {problem.replace(': ', ' Message: ', 1)}")
            message = message or problem
        result = {
            "succeeded": not message,
            "message": message,
            "phases": phases,
            "exported": self._exported_variables(),
        }
        (self._home / "result.json").write_text(json.dumps(result))
        return not message

    def _run_phases(self) -> tuple[list[dict[str, Any]], str, bool]:
        """Return each phase's result, the first failure, and whether a phase aborted the build.

        https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
        """
        results: list[dict[str, Any]] = []
        message = ""
        for phase in self._build["phases"]:
            name = phase["name"].upper()
            say(f"Entering phase {name}")
            began = _now()
            problem = self._run_commands(phase["commands"], is_succeeding=not message)
            finally_problem = self._run_commands(phase["always"], is_succeeding=not (message or problem))
            problem = problem or finally_problem
            results.append(_phase_result(name, began, problem))
            say(f"Phase complete: {name} State: {results[-1]['status']}")
            if problem:
                say(f"Phase context status code: COMMAND_EXECUTION_ERROR Message: {problem}")
                message = message or problem
                if phase["aborts"]:
                    return results, message, True
        return results, message, False

    def _run_commands(self, commands: list[str], *, is_succeeding: bool) -> str:
        """Run commands until one fails; return its failure, or an empty text."""
        environment = {**os.environ, "CODEBUILD_SRC_DIR": str(self._source)}
        head = SCRIPT.format(memory=shlex.quote(str(self._memory)), succeeding=int(is_succeeding))
        script = self._memory.with_name("script.sh")
        for command in commands:
            say(f"Running command {command.strip()}")
            script.write_text(head + command + "\n")
            result = subprocess.run(  # bash for `shell: sh` too: on CodeBuild's images sh is bash
                ["bash", str(script)],
                cwd=self._source,
                env=environment,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if result.returncode:
                line = command.strip().splitlines()[0]
                say(f"Command did not exit successfully {line} exit status {result.returncode}")
                return f"Error while executing command: {line}. Reason: exit status {result.returncode}"
        return ""

    def _exported_variables(self) -> dict[str, str]:
        """The values of the exported variables that the commands have set."""
        names = self._build["exported"]
        memory = shlex.quote(str(self._memory))
        prints = "".join(f'printf "%s\\0" "${{{name}-}}"\n' for name in names)
        script = f"[ -f {memory} ] && . {memory} >/dev/null 2>&1\n{prints}"
        output = subprocess.run(["bash", "-c", script], capture_output=True, check=False).stdout
        values = output.decode(errors="replace").split("\0")
        return {name: value for name, value in zip(names, values, strict=False) if value}

    def _link_caches(self) -> None:
        """Make the cached folders links into the cache, as CodeBuild's local cache does."""
        for path in self._build["cache_paths"]:
            folder = self._source / path.removesuffix("/**/*").removesuffix("/*")
            cached = self._cache / self._build["cache"] / hashlib.sha256(path.encode()).hexdigest()[:16]
            cached.mkdir(parents=True, exist_ok=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            if not folder.exists() and not folder.is_symlink():
                folder.symlink_to(cached)

    def _unpack(self, archive: zipfile.ZipFile) -> None:
        """Unpack the source with its modes, links and times."""
        for member in archive.infolist():
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                link = self._source / member.filename
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(archive.read(member).decode())
                continue
            target = archive.extract(member, self._source)
            if mode:
                os.chmod(target, mode & 0o777)
            written = datetime(*member.date_time, tzinfo=UTC).timestamp()  # make compares times
            os.utime(target, (written, written))

    def _pack_artifacts(self) -> str:
        """Zip the artifact files; return the failure, or an empty text."""
        base = self._source / self._build["base_directory"]
        if not base.is_dir():
            return f"CLIENT_ERROR: no matching base directory path found for {self._build['base_directory']}"
        artifacts: dict[str, Path] = {}  # by the name in the zip file
        for pattern in self._build["files"]:
            files = [
                Path(name)
                for name in sorted(glob.glob(pattern, root_dir=base, recursive=True, include_hidden=True))
                if (base / name).is_file()
            ]
            if not files:
                return f"CLIENT_ERROR: no matching artifact paths found for {pattern}"
            artifacts |= {file.name if self._build["discard_paths"] else str(file): file for file in files}
        with zipfile.ZipFile(
            self._home / "artifacts.zip", "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
        ) as archive:
            for name, file in artifacts.items():
                archive.write(base / file, name)
        return ""


def say(message: str) -> None:
    """Print a line of the agent's own into the build log, marked as CodeBuild marks them."""
    print(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {message}", flush=True)  # noqa: T201  the build log


def _phase_result(name: str, began: float, problem: str) -> dict[str, Any]:
    return {"name": name, "status": "FAILED" if problem else "SUCCEEDED", "began": began, "ended": _now()}


def _now() -> float:
    return datetime.now(UTC).timestamp()


def main(arguments: list[str]) -> int:
    """Run a build; the one optional argument is another home folder. Exit code 0 on success, else 1."""
    return 0 if Agent(*(Path(argument) for argument in arguments)).run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
