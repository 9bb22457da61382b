"""Commits between two live deployments, by git's own log."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dora import messages
from dora.errors import SourceError
from dora.records import Commit, Deployment, History, Note
from dora.timeline import timelines

SOURCE = "git"
FORMAT = "%H%x00%ct%x00%B%x00"


def add_commits(history: History, repository: Path) -> History:
    """`git log <last live>..<this>` for every live deployment; raises SourceError without a repository."""
    _require(repository)
    notes: list[Note] = []
    ranges: dict[tuple[str, str], tuple[Commit, ...] | None] = {}
    found: dict[str, tuple[Commit, ...]] = {}
    for line in timelines(history.deployments):
        before = ""
        for one in line.live:
            if one.revision and before:
                span = (before, one.revision)
                if span not in ranges:
                    ranges[span] = _between(repository, *span, one, notes)
                known = ranges[span]
                if known is not None:
                    found[one.id] = known
            before = one.revision or before
    own = {commit.sha: commit for commits in found.values() for commit in commits}
    deployments = tuple(_with(one, found.get(one.id), own) for one in history.deployments)
    return replace(history, deployments=deployments, notes=(*history.notes, *notes))


def _with(one: Deployment, known: tuple[Commit, ...] | None, own: dict[str, Commit]) -> Deployment:
    """git knows a commit's own time, and what is between two that were live; what others said gives way."""
    if known is not None:
        return replace(one, commits=known, knows_all_commits=True)
    if not one.commits:
        return one
    return replace(one, commits=tuple(own.get(commit.sha, commit) for commit in one.commits))


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


def _between(
    repository: Path, before: str, this: str, one: Deployment, notes: list[Note]
) -> tuple[Commit, ...] | None:
    """None, and a note, where git can't say."""
    if before == this:
        return ()
    if not (_is_name(before) and _is_name(this)):
        notes.append(Note(SOURCE, one.id, f"{before}..{this}: a revision must be a commit's hash"))
        return None
    try:
        return tuple(_log(repository, before, this))
    except SourceError as error:
        notes.append(Note(SOURCE, one.id, str(error)))
        return None


def _is_name(revision: str) -> bool:
    """Only hashes: a revision of an event must not become an option of git."""
    return 7 <= len(revision) <= 64 and all(letter in "0123456789abcdef" for letter in revision.lower())


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
