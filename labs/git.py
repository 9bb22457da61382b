"""Branches and work trees of a lab's own, in the trainee's repository; theirs are not touched."""

import shutil
import subprocess
from pathlib import Path

from labs.errors import LabError

ROOT = Path(__file__).parents[1]
RELEASES = ROOT / "local" / "rehearsal" / "releases"
TRAINEE = (
    "-c",
    "user.name=Trainee",
    "-c",
    "user.email=trainee@lantern.invalid",
    "-c",
    "commit.gpgSign=false",
)


def run(folder: Path | str, *arguments: str) -> str:
    """Run git in a folder; returns what it prints. Raises LabError."""
    done = _git(folder, *arguments)
    if done.returncode:
        raise LabError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def commit_all(tree: Path | str, *message: str) -> str:
    """Commit what has changed in a work tree, or nothing; returns the commit's id. Raises LabError."""
    paragraphs = [word for paragraph in message for word in ("--message", paragraph)]
    run(tree, "add", "--all")
    run(tree, *TRAINEE, "commit", "--quiet", "--no-verify", "--allow-empty", *paragraphs)
    return run(tree, "rev-parse", "HEAD")


def commit_mistake(tree: Path | str, name: str, message: str) -> str:
    """Commit the mistake of a prepared release; returns the commit's id. Raises LabError."""
    run(tree, "apply", "--whitespace=nowarn", str(RELEASES / f"{name}.patch"))
    return commit_all(tree, message)


def remove_work_tree(tree: str, branch: str) -> None:
    """Remove a work tree and its branch, as far as they are there."""
    _git(ROOT, "worktree", "unlock", tree)  # git locks what it makes, and may have been killed
    _git(ROOT, "worktree", "remove", "--force", tree)
    shutil.rmtree(tree, ignore_errors=True)
    _git(ROOT, "worktree", "prune")
    _git(ROOT, "branch", "--quiet", "-D", branch)


def has_branch(branch: str) -> bool:
    """Whether the repository has the branch."""
    return _git(ROOT, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").returncode == 0


def _git(folder: Path | str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
