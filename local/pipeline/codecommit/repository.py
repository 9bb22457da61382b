"""One bare git repository in CodeCommit's place, with the source revisions that the pipeline reads."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

URL_PREFIX = "/v1/repos/"  # CodeCommit's own
TIMEOUT_S = 120
SETTINGS = {"http.receivepack": "true", "receive.shallowUpdate": "true", "gc.auto": "0"}


class RepositoryError(Exception):
    """A git command failed; the message is git's own."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its full id, the first line of its message, its author, its author date (epoch seconds)."""

    id: str
    summary: str
    author: str
    authored: float


class Repository:
    """The repository `name`, kept in the folder `<folder>/<name>.git`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.path = name, folder / f"{name}.git"
        if not (self.path / "HEAD").exists():
            self.path.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare", "--initial-branch", "main")
        for key, value in SETTINGS.items():
            self._git("config", key, value)

    def commit(self, revision: str) -> Commit:
        """Return the commit that a branch, a tag or an id names. Raises RepositoryError."""
        if revision.startswith("-") or "\0" in revision:  # git would take it for an option
            raise RepositoryError(f"{revision!r} is no name of a revision")
        try:
            output = self._git("log", "-1", "--format=%H%x00%s%x00%an%x00%at", f"{revision}^{{commit}}", "--")
        except RepositoryError:
            raise RepositoryError(
                f"{revision} is not in the repository {self.name}: push it first, "
                f"git push http://127.0.0.1:4567{URL_PREFIX}{self.name} HEAD:main"
            ) from None
        commit_id, summary, author, authored = output.decode(errors="replace").strip().split("\0")
        return Commit(commit_id, summary, author, float(authored))

    def details(self, commit_id: str) -> dict[str, Any]:
        """Return a commit as CodeCommit's GetCommit has it. Raises RepositoryError."""
        if not re.fullmatch("[0-9a-f]{40}", commit_id):
            raise RepositoryError(f"{commit_id!r} is no commit's id")
        people = "%x00".join(("%an", "%ae", "%ad", "%cn", "%ce", "%cd"))
        layout = f"--format=%T%x00%P%x00{people}%x00%B"
        output = self._git("log", "-1", "--date=raw", layout, commit_id, "--").decode(errors="replace")
        tree, parents, *fields, message = output.split("\0")
        author, committer = (
            dict(zip(("name", "email", "date"), fields[start : start + 3], strict=True)) for start in (0, 3)
        )
        return {
            "commitId": commit_id,
            "treeId": tree,
            "parents": parents.split(),
            "message": message.rstrip("\n"),
            "author": author,
            "committer": committer,
        }

    def archive(self, commit: str) -> bytes:
        """Return the files of a commit as a zip file, without history: the artifact of a source action."""
        return self._git("archive", "--format=zip", commit)

    def branches(self) -> dict[str, str]:
        """Return the commit id of each branch."""
        output = self._git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").decode()
        return dict(line.rsplit(" ", 1) for line in output.splitlines())

    def _git(self, *arguments: str) -> bytes:
        result = subprocess.run(
            ["git", "-c", "safe.directory=*", *arguments],
            cwd=self.path,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if result.returncode:
            message = result.stderr.decode(errors="replace").strip()
            raise RepositoryError(message or f"git {arguments[0]} fails")
        return result.stdout
