"""Runs inside the build's container, as CodeBuild's agent does: phases, commands, cache, artifacts.

Standard library only. Reads build.json in its home, leaves result.json and artifacts.zip beside it. Commands
of one build share variables, functions and the working directory, as CodeBuild's do since version 0.2; each
is a script of its own, so that `exit 1` ends the command and not the agent.
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
# What one command leaves to the next, written whatever its end was, and without a trace of the values where
# the command said `set -x`. What a shell sets itself another could not take over.
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
    """One build in the folder `home`."""

    def __init__(self, home: Path = HOME) -> None:
        self._home = home
        self._source = home / "output/src/src"
        self._memory = home / "output/tmp/env.sh"
        self._cache = home / "local-cache/custom"
        self._build: dict[str, Any] = json.loads((home / "build.json").read_text())

    def run(self) -> bool:
        """Whether every phase succeeded."""
        shutil.rmtree(self._home / "output", ignore_errors=True)
        for folder in (self._source, self._memory.parent, self._cache):
            folder.mkdir(parents=True, exist_ok=True)
        self._link_caches()
        with zipfile.ZipFile(self._home / "source.zip") as archive:
            self._unpack(archive)
        phases, message, is_aborted = self._run_phases()
        if self._build["files"] and not is_aborted:
            began = _now()
            problem = self._pack()
            state = "FAILED" if problem else "SUCCEEDED"
            phases.append({"name": "UPLOAD_ARTIFACTS", "status": state, "began": began, "ended": _now()})
            if problem:
                say(f"Phase context status code: {problem.replace(': ', ' Message: ', 1)}")
            message = message or problem
        result = {
            "succeeded": not message,
            "message": message,
            "phases": phases,
            "exported": self._exported(),
        }
        (self._home / "result.json").write_text(json.dumps(result))
        return not message

    def _run_phases(self) -> tuple[list[dict[str, Any]], str, bool]:
        """Each phase's result, what failed first, and whether the build ended there: a phase that fails and
        says ABORT ends it, one that says CONTINUE leads to the next.
        https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html"""
        done: list[dict[str, Any]] = []
        message = ""
        for phase in self._build["phases"]:
            say(f"Entering phase {phase['name'].upper()}")
            began = _now()
            failed = self._run(phase["commands"], is_succeeding=not message)
            failed_too = self._run(phase["always"], is_succeeding=not (message or failed))
            problem = failed or failed_too
            state = "FAILED" if problem else "SUCCEEDED"
            done.append({"name": phase["name"].upper(), "status": state, "began": began, "ended": _now()})
            say(f"Phase complete: {phase['name'].upper()} State: {state}")
            if problem:
                say(f"Phase context status code: COMMAND_EXECUTION_ERROR Message: {problem}")
                message = message or problem
                if phase["aborts"]:
                    return done, message, True
        return done, message, False

    def _run(self, commands: list[str], *, is_succeeding: bool) -> str:
        """Run until one fails; returns what failed, or nothing."""
        environment = {**os.environ, **self._build["environment"], "CODEBUILD_SRC_DIR": str(self._source)}
        head = SCRIPT.format(memory=shlex.quote(str(self._memory)), succeeding=int(is_succeeding))
        for command in commands:
            shown = command.strip()
            say(f"Running command {shown}")
            file = self._memory.with_name("script.sh")
            file.write_text(head + command + "\n")
            code = (
                subprocess.run(  # what `shell: bash` asks for; sh is bash here too, as on CodeBuild's images
                    ["bash", str(file)],
                    cwd=self._source,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    check=False,
                ).returncode
            )
            if code:
                first = shown.splitlines()[0]
                say(f"Command did not exit successfully {first} exit status {code}")
                return f"Error while executing command: {first}. Reason: exit status {code}"
        return ""

    def _exported(self) -> dict[str, str]:
        """The exported variables that the commands have set."""
        names = self._build["exported"]
        memory = shlex.quote(str(self._memory))
        show = "".join(f'printf "%s\\0" "${{{name}-}}"\n' for name in names)
        script = f"[ -f {memory} ] && . {memory} >/dev/null 2>&1\n{show}"
        said = subprocess.run(["bash", "-c", script], capture_output=True, check=False).stdout
        values = said.decode(errors="replace").split("\0")
        return {name: value for name, value in zip(names, values, strict=False) if value}

    def _link_caches(self) -> None:
        """Cached folders are links into the cache, as with CodeBuild's local cache; each host has its own."""
        for path in self._build["cache_paths"]:
            folder = self._source / path.removesuffix("/**/*").removesuffix("/*")
            kept = self._cache / self._build["cache"] / hashlib.sha256(path.encode()).hexdigest()[:16]
            kept.mkdir(parents=True, exist_ok=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            if not folder.exists() and not folder.is_symlink():
                folder.symlink_to(kept)

    def _unpack(self, archive: zipfile.ZipFile) -> None:
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

    def _pack(self) -> str:
        """Zip the artifacts; returns what is missing, or nothing."""
        base = self._source / self._build["base_directory"]
        if not base.is_dir():
            return f"CLIENT_ERROR: no matching base directory path found for {self._build['base_directory']}"
        wanted: dict[str, Path] = {}  # by the name in the artifact
        for pattern in self._build["files"]:
            found = [
                Path(name)
                for name in sorted(glob.glob(pattern, root_dir=base, recursive=True, include_hidden=True))
                if (base / name).is_file()
            ]
            if not found:
                return f"CLIENT_ERROR: no matching artifact paths found for {pattern}"
            wanted |= {name.name if self._build["discard_paths"] else str(name): name for name in found}
        with zipfile.ZipFile(
            self._home / "artifacts.zip", "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
        ) as archive:
            for name, file in wanted.items():
                archive.write(base / file, name)
        return ""


def say(words: str) -> None:
    """A line of the agent's own, as CodeBuild marks them."""
    print(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S.%f} {words}", flush=True)  # noqa: T201  the build log


def _now() -> float:
    return datetime.now(UTC).timestamp()


def main(arguments: list[str]) -> int:
    """Exit code 0 when every phase succeeded, else 1; another home than CodeBuild's is the one argument."""
    return 0 if Agent(*(Path(one) for one in arguments)).run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
