"""CodeCommit's place: one bare repository that `git push` reaches over HTTP, under CodeCommit's own path.

git push http://127.0.0.1:4567/v1/repos/lantern main
"""

import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.awsapi.origins import is_foreign, is_foreign_host

PREFIX = "/v1/repos/"
RECEIVE = "git-receive-pack"
TIMEOUT_S = 120
SETTINGS = {"http.receivepack": "true", "receive.shallowUpdate": "true", "gc.auto": "0"}


class RepositoryError(Exception):
    """git refuses; its own words."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What a source revision says of itself; `authored` in epoch seconds."""

    id: str
    summary: str
    author: str
    authored: float


class Repository:
    """`pushed(branch, commit, is_new)` is called for each branch that a push moved."""

    def __init__(self, name: str, folder: Path, pushed: Callable[[str, str, bool], None]) -> None:
        self.name, self._folder, self._pushed = name, folder / f"{name}.git", pushed
        self._lock = threading.Lock()
        if not (self._folder / "HEAD").exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare", "--initial-branch", "main")
        for key, value in SETTINGS.items():
            self._git("config", key, value)

    def commit(self, revision: str) -> Commit:
        """The commit that a revision names. Raises RepositoryError."""
        if revision.startswith("-") or "\0" in revision:  # git would take it for an option
            raise RepositoryError(f"{revision!r} is no name of a revision")
        try:
            said = self._git("log", "-1", "--format=%H%x00%s%x00%an%x00%at", f"{revision}^{{commit}}", "--")
        except RepositoryError:
            raise RepositoryError(
                f"{revision} is not in the repository {self.name}: push it first, "
                f"git push http://127.0.0.1:4567{PREFIX}{self.name} HEAD:main"
            ) from None
        identifier, summary, author, authored = said.decode(errors="replace").strip().split("\0")
        return Commit(identifier, summary, author, float(authored))

    def archive(self, commit: str) -> bytes:
        """The commit's files as a zip, without history: what a source action hands on."""
        return self._git("archive", "--format=zip", commit)

    def branches(self) -> dict[str, str]:
        """Commit ids by branch."""
        said = self._git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").decode()
        return dict(line.rsplit(" ", 1) for line in said.splitlines())

    def serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """git's smart HTTP by git's own http-backend."""
        if is_foreign(environ.get("HTTP_ORIGIN")) or is_foreign_host(environ.get("HTTP_HOST")):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"This repository answers no web pages from other sites\n"]
        name, _, rest = environ["PATH_INFO"].removeprefix(PREFIX).partition("/")
        if name != self.name or ".." in rest.split("/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"There is no repository {name}, there is {self.name}\n".encode()]
        answer = self._receive(environ) if rest == RECEIVE else self._backend(environ, rest)
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((value for key, value in headers if key == "Status"), "200 OK")
        start_response(status, [(key, value) for key, value in headers if key != "Status"])
        return [body]

    def _receive(self, environ: dict[str, Any]) -> bytes:
        """A push; one after the other, so that each tells of the branches that it moved itself."""
        with self._lock:
            before = self.branches()
            answer = self._backend(environ, RECEIVE)
            after = self.branches()
        for branch, commit in after.items():
            if before.get(branch) != commit:
                self._pushed(branch, commit, branch not in before)
        return answer

    def _backend(self, environ: dict[str, Any], rest: str) -> bytes:
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self._folder.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",  # the volume may belong to another user
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_PROTOCOL": environ.get("HTTP_GIT_PROTOCOL", ""),
            "PATH_INFO": f"/{self._folder.name}/{rest}",
            "REQUEST_METHOD": environ["REQUEST_METHOD"],
            "QUERY_STRING": environ.get("QUERY_STRING", ""),
            "CONTENT_TYPE": environ.get("CONTENT_TYPE", ""),
            "CONTENT_LENGTH": environ.get("CONTENT_LENGTH", ""),
            "HTTP_CONTENT_ENCODING": environ.get("HTTP_CONTENT_ENCODING", ""),
            "REMOTE_USER": "laptop",
            "REMOTE_ADDR": environ.get("REMOTE_ADDR", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            env=variables,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        answer: bytes = done.stdout or b"Status: 500 Internal Server Error\r\n\r\n" + done.stderr
        return answer

    def _git(self, *arguments: str) -> bytes:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", *arguments],
            cwd=self._folder,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise RepositoryError(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} fails")
        return done.stdout
