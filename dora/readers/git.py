"""The reader of `--git`: commits between two live deployments from a clone's `git log`."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dora import commit_messages
from dora.errors import SourceError
from dora.readers import commit_ranges
from dora.records import Commit, History

SOURCE = "git"
FORMAT = "%H%x00%ct%x00%B%x00"


def add_commits(history: History, repository: Path) -> History:
    """The history with `git log <last live>..<this>` of every live deployment.

    Raises SourceError without git or a repository."""
    _require_repository(repository)
    return commit_ranges.add_commits(history, lambda before, this: _log(repository, before, this), SOURCE)


def _require_repository(repository: Path) -> None:
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


def _require_commit(repository: Path, sha: str) -> None:
    command = ["git", "-C", str(repository), "cat-file", "-e", f"{sha}^{{commit}}"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise SourceError(
            f"this clone has no commit {sha[:12]}: `git fetch` brings it if it was pushed to a branch, "
            "`git fetch --unshallow` if the clone is shallow; else lead time does without it"
        )


def _log(repository: Path, before: str, this: str) -> Iterator[Commit]:
    command = ["git", "-C", str(repository), "-c", "log.showSignature=false"]
    command += ["log", f"--format={FORMAT}", f"{before}..{this}", "--"]
    for sha in (before, this):
        _require_commit(repository, sha)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as git:
        if git.stdout is None or git.stderr is None:
            raise SourceError("git has no output")
        fields: list[str] = []
        incomplete = ""
        output = io.TextIOWrapper(git.stdout, encoding="utf-8", errors="replace", newline="")
        while chunk := output.read(65536):
            *complete, incomplete = (incomplete + chunk).split("\0")
            fields += complete
            while len(fields) >= 3:
                sha, committed_at, message = fields[:3]
                del fields[:3]
                yield commit_messages.commit(sha.strip(), float(committed_at), message)
        complaint = git.stderr.read().decode(errors="replace").strip()
    if git.returncode:
        reason = complaint.splitlines()[0] if complaint else "failed"
        raise SourceError(f"git log {before[:12]}..{this[:12]}: {reason}")
