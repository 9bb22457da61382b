"""Commits between two live deployments, by git's own log."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from dora import messages
from dora.errors import SourceError
from dora.readers import ranges
from dora.records import Commit, History

SOURCE = "git"
FORMAT = "%H%x00%ct%x00%B%x00"


def add_commits(history: History, repository: Path) -> History:
    """`git log <last live>..<this>` for every live deployment; raises SourceError without a repository."""
    _require(repository)
    return ranges.add_commits(history, lambda before, this: _log(repository, before, this), SOURCE)


def _require(repository: Path) -> None:
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), "rev-parse", "--git-dir"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise SourceError("--git: there is no git command on this machine") from None
    if done.returncode:
        raise SourceError(f"--git {repository}: {done.stderr.strip() or 'no repository'}")


def _log(repository: Path, before: str, this: str) -> Iterator[Commit]:
    quiet = ["-c", "log.showSignature=false"]
    command = [
        *("git", "-C", str(repository)),
        *quiet,
        "log",
        f"--format={FORMAT}",
        f"{before}..{this}",
        "--",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as git:
        if git.stdout is None or git.stderr is None:
            raise SourceError("git has no output")
        fields: list[str] = []
        rest = ""
        for chunk in iter(lambda: git.stdout.read(65536), b""):  # type: ignore[union-attr]
            *whole, rest = (rest + chunk.decode(errors="replace")).split("\0")
            fields += whole
            while len(fields) >= 3:
                sha, at, message = fields[:3]
                del fields[:3]
                yield messages.commit(sha.strip(), float(at), message)
        said = git.stderr.read().decode(errors="replace").strip()
    if git.returncode:
        raise SourceError(f"git log {before[:12]}..{this[:12]}: {said.splitlines()[0] if said else 'failed'}")
