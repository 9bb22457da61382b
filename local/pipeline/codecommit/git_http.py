"""Serves the repository to `git push` and `git fetch` over HTTP, at the path that CodeCommit has.

git push http://127.0.0.1:4567/v1/repos/lantern main
"""

import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from typing import Any

from local.pipeline.codecommit.repository import TIMEOUT_S, URL_PREFIX, Repository

RECEIVE = "git-receive-pack"


class GitHttp:
    """A WSGI application: git's smart HTTP protocol, spoken by git's own http-backend.

    `pushed(branch, commit, is_new)` is called for each branch that a push has moved.
    """

    def __init__(self, repository: Repository, pushed: Callable[[str, str, bool], None]) -> None:
        self._repository, self._pushed = repository, pushed
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request of git's."""
        name, _, path = environ["PATH_INFO"].removeprefix(URL_PREFIX).partition("/")
        if name != self._repository.name or ".." in path.split("/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"There is no repository {name}, there is {self._repository.name}\n".encode()]
        answer = self._receive(environ) if path == RECEIVE else self._http_backend(environ, path)
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((value for key, value in headers if key == "Status"), "200 OK")
        start_response(status, [(key, value) for key, value in headers if key != "Status"])
        return [body]

    def _receive(self, environ: dict[str, Any]) -> bytes:
        """Take a push. One at a time, so that each reports the branches that it moved itself."""
        with self._lock:
            before = self._repository.branches()
            answer = self._http_backend(environ, RECEIVE)
            after = self._repository.branches()
        for branch, commit in after.items():
            if before.get(branch) != commit:
                self._pushed(branch, commit, branch not in before)
        return answer

    def _http_backend(self, environ: dict[str, Any], path: str) -> bytes:
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self._repository.path.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",  # the volume may belong to another user
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_PROTOCOL": environ.get("HTTP_GIT_PROTOCOL", ""),
            "PATH_INFO": f"/{self._repository.path.name}/{path}",
            "REQUEST_METHOD": environ["REQUEST_METHOD"],
            "QUERY_STRING": environ.get("QUERY_STRING", ""),
            "CONTENT_TYPE": environ.get("CONTENT_TYPE", ""),
            "CONTENT_LENGTH": environ.get("CONTENT_LENGTH", ""),
            "HTTP_CONTENT_ENCODING": environ.get("HTTP_CONTENT_ENCODING", ""),
            "REMOTE_USER": "laptop",
            "REMOTE_ADDR": environ.get("REMOTE_ADDR", ""),
        }
        result = subprocess.run(
            ["git", "http-backend"],
            input=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            env=variables,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        answer: bytes = result.stdout or b"Status: 500 Internal Server Error\r\n\r\n" + result.stderr
        return answer
