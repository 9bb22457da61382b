"""The commit that is rehearsed: the user's own, or one more on top of it that holds a prepared mistake.

The checkout is never touched: a release is put together in an index of its own.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.rehearsal.errors import CouldNotRun

RELEASES = Path(__file__).parent / "releases"
AUTHOR = {
    "GIT_AUTHOR_NAME": "Lantern rehearsal",
    "GIT_AUTHOR_EMAIL": "rehearsal@lantern.invalid",
    "GIT_COMMITTER_NAME": "Lantern rehearsal",
    "GIT_COMMITTER_EMAIL": "rehearsal@lantern.invalid",
}
GOOD = "good"
# what is wrong with each, as its commit says; the change itself is releases/<name>.patch
MEANINGS = {
    GOOD: "the commit as it is",
    "errors": "orders answers a fifth of all orders with 500",
    "slow": "catalog takes a second and a half to list its lanterns",
    "unhealthy": "no task ever passes its health check",
    "smoke-fails": "catalog starts, and fails the smoke test",
    "crash": "catalog passes every test, and dies under load",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit by its full id, and its subject."""

    id: str
    subject: str

    @property
    def version(self) -> str:
        """What its services call themselves."""
        return self.id[:7]


def resolve(root: Path, revision: str) -> Commit:
    """The commit that `revision` names. Raises CouldNotRun."""
    try:
        if revision.startswith(("-", "^")):  # git would take it for an option, or for all but this one
            raise CouldNotRun("that is no name of a commit")
        found = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        subject = _git(root, "log", "-1", "--no-show-signature", "--format=%s", found).strip()
    except CouldNotRun as error:
        raise CouldNotRun(
            f"COMMIT={revision}: git finds no such commit in {root}: {error}. "
            "Name a branch, a tag or an id that 'git log' shows: make rehearse COMMIT=HEAD"
        ) from None
    return Commit(found, subject)


def release(root: Path, base: Commit, name: str) -> Commit:
    """The commit of a prepared release on top of `base`. Raises CouldNotRun."""
    if name not in MEANINGS:
        raise CouldNotRun(f"RELEASE={name}: expected one of {', '.join(MEANINGS)}")
    if name == GOOD:
        return base
    subject = f"Prepared release {name}: {MEANINGS[name]}"
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(root, "read-tree", base.id, environ=index)
        try:
            _git(
                root,
                "apply",
                "--cached",
                "--whitespace=nowarn",
                str(RELEASES / f"{name}.patch"),
                environ=index,
            )
        except CouldNotRun as error:
            raise CouldNotRun(
                f"RELEASE={name} changes a place that is different in {base.version}: {error}. "
                "Take a commit nearer to Lantern's own, or make the mistake by hand and commit it"
            ) from None
        tree = _git(root, "write-tree", environ=index).strip()
    made = _git(root, "commit-tree", tree, "-p", base.id, "-m", subject, environ=AUTHOR).strip()
    return Commit(made, subject)


def is_clean(root: Path) -> bool:
    """Whether the checkout holds no change that a commit would not have."""
    return not _git(root, "status", "--porcelain", "--untracked-files=no").strip()


def push(root: Path, commit: Commit, repository: str) -> None:
    """Bring the commit to the pipeline's repository, under a name that starts nothing. Raises CouldNotRun."""
    target = f"{commit.id}:refs/heads/rehearsal/{commit.version}"
    options = ("--quiet", "--force", "--no-verify")  # a hook of the user's is about their own remotes
    _git(root, "-c", "http.proxy=", "push", *options, repository, target)


def _git(root: Path, *arguments: str, environ: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            # no lock: looking at the state of the checkout must not write its index
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **(environ or {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CouldNotRun(f"git {arguments[0]}: {error}") from None
    if done.returncode:
        words = done.stderr.strip().replace("\n", "; ")
        raise CouldNotRun(words or f"git {arguments[0]} ends with exit code {done.returncode}")
    return done.stdout
