"""The commit that is rehearsed: the user's own, or a prepared release, which adds one commit on top of it.

Index and work tree of the checkout are not touched: a release is made in an index of its own.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.rehearsal.errors import CouldNotRun

PATCHES = Path(__file__).parent / "releases"
AUTHOR = {
    "GIT_AUTHOR_NAME": "Lantern rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@lantern.invalid",
    "GIT_COMMITTER_NAME": "Lantern rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@lantern.invalid",
}
GOOD = "good"
# prepared release → what is wrong with it; the change is in releases/<name>.patch
RELEASES = {
    GOOD: "the commit as it is",
    "errors": "orders answers a fifth of all orders with 500",
    "slow": "catalog takes a second and a half to list its lanterns",
    "hang": "catalog takes two and a half seconds, and whoever calls it hangs up before",
    "unhealthy": "no task ever passes its health check",
    "smoke-fails": "catalog starts, and fails the smoke test",
    "crash": "catalog passes every test, and dies under load",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its full id and its subject."""

    id: str
    subject: str

    @property
    def version(self) -> str:
        """The version that services built from it report."""
        return self.id[:7]


def resolve(root: Path, revision: str) -> Commit:
    """Return the commit that a branch, a tag or an id names. Raises CouldNotRun."""
    try:
        if revision.startswith(("-", "^")):  # git would take it for an option, or for all other commits
            raise CouldNotRun("that is no name of a commit")
        commit_id = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        subject = _git(root, "log", "-1", "--no-show-signature", "--format=%s", commit_id).strip()
    except CouldNotRun as error:
        raise CouldNotRun(
            f"COMMIT={revision}: git finds no such commit in {root}: {error}. "
            "Name a branch, a tag or an id that 'git log' shows: make rehearse COMMIT=HEAD"
        ) from None
    return Commit(commit_id, subject)


def release(root: Path, base: Commit, name: str) -> Commit:
    """Return the commit of a prepared release on top of `base`. Raises CouldNotRun."""
    if name == GOOD:
        return base
    subject = f"Prepared release {name}: {RELEASES[name]}"
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        patch = str(PATCHES / f"{name}.patch")
        _git(root, "read-tree", base.id, environ=index)
        try:
            _git(root, "apply", "--cached", "--whitespace=nowarn", patch, environ=index)
        except CouldNotRun as error:
            raise CouldNotRun(
                f"RELEASE={name} changes a place that is different in {base.version}: {error}. "
                "Take a commit nearer to Lantern's own, or make the mistake by hand and commit it"
            ) from None
        tree = _git(root, "write-tree", environ=index).strip()
    commit_id = _git(root, "commit-tree", tree, "-p", base.id, "-m", subject, environ=AUTHOR).strip()
    return Commit(commit_id, subject)


def is_clean(root: Path) -> bool:
    """Tell whether the tracked files are as the last commit has them."""
    return not _git(root, "status", "--porcelain", "--untracked-files=no").strip()


def push(root: Path, commit: Commit, repository: str) -> None:
    """Push the commit to the pipeline, to a branch that starts no execution. Raises CouldNotRun."""
    refspec = f"{commit.id}:refs/heads/rehearsal/{commit.version}"
    options = ("--quiet", "--force", "--no-verify")  # the user's hooks are about their own remotes
    _git(root, "-c", "http.proxy=", "push", *options, repository, refspec)


def _git(root: Path, *arguments: str, environ: dict[str, str] | None = None) -> str:
    try:
        result = subprocess.run(
            ["git", "-C", str(root), *arguments],
            # no lock: to look at the state of the checkout must not write its index
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **(environ or {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNotRun(f"git {arguments[0]}: {error}") from None
    if result.returncode:
        message = result.stderr.strip().replace("\n", "; ")
        raise CouldNotRun(message or f"git {arguments[0]} ends with exit code {result.returncode}")
    return result.stdout
