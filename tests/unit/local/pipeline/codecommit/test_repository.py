"""Real pushes over HTTP into the server that ships, with the user's own git."""

import io
import os
import random
import subprocess
import threading
import zipfile

import pytest
from waitress.server import create_server

from local.pipeline.codecommit.git_http import GitHttp
from local.pipeline.codecommit.repository import Repository, RepositoryError


class Checkout:
    """A user's repository, and the address that it pushes to."""

    def __init__(self, folder, address):
        self.folder, self.address = folder, f"{address}/v1/repos/lantern"
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments, check=True):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": "2026-05-17T10:30:00Z",
            "GIT_TERMINAL_PROMPT": "0",
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def commit(self, message, **files):
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *arguments, check=True):
        return self.git("push", "--quiet", self.address, *arguments, check=check)


@pytest.fixture(name="pushes")
def _pushes():
    return []


@pytest.fixture(name="repository")
def _repository(tmp_path):
    return Repository("lantern", tmp_path / "state")


@pytest.fixture(name="git_http")
def _git_http(repository, pushes):
    return GitHttp(repository, lambda *push: pushes.append(push))


class Switch:
    """The server's application: hands requests to the application of the test that runs."""

    application = None

    def __call__(self, environ, start_response):
        return self.application(environ, start_response)


@pytest.fixture(name="served", scope="module")
def _served():
    switch = Switch()
    server = create_server(switch, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield switch, f"http://127.0.0.1:{server.effective_port}"
    server.close()
    server.task_dispatcher.shutdown()
    thread.join(timeout=5)


@pytest.fixture(name="address")
def _address(served, git_http):
    switch, address = served
    switch.application = git_http
    return address


@pytest.fixture(name="checkout")
def _checkout(tmp_path, address):
    return Checkout(tmp_path / "checkout", address)


def test_a_push_brings_the_commit_and_is_reported_once(checkout, repository, pushes):
    commit = checkout.commit("Light the lamp", lamp=b"on")

    checkout.push("main")

    assert pushes == [("main", commit, True)]
    assert repository.branches() == {"main": commit}
    source = repository.commit("main")
    assert (source.id, source.summary, source.author) == (commit, "Light the lamp", "Ada")
    assert source.authored == 1779013800


def test_a_branch_that_moves_is_not_new_and_one_that_does_not_is_not_reported(checkout, pushes):
    checkout.commit("Light the lamp", lamp=b"on")
    checkout.push("main", "main:other")
    second = checkout.commit("Put it out", lamp=b"off")

    checkout.push("main")
    checkout.push("main")

    assert pushes[2:] == [("main", second, False)]


def test_a_branch_that_is_deleted_is_not_reported(checkout, repository, pushes):
    checkout.commit("Light the lamp", lamp=b"on")
    checkout.push("main", "main:other")
    pushes.clear()

    checkout.push("--delete", "other")

    assert pushes == []
    assert list(repository.branches()) == ["main"]


def test_a_large_push_arrives_whole(checkout, repository):
    """Over a megabyte git sends chunks, without saying how many bytes there will be."""
    content = random.Random(7).randbytes(3_000_000)
    commit = checkout.commit("A picture", picture=content)

    checkout.push("main")

    with zipfile.ZipFile(io.BytesIO(repository.archive(commit))) as archive:
        assert archive.read("picture") == content


def test_an_archive_has_the_files_of_the_commit_and_no_others(checkout, repository):
    checkout.commit("First", lamp=b"on", wick=b"long")
    commit = checkout.commit("Second", lamp=b"brighter")
    (checkout.folder / "wick").write_bytes(b"burnt down")
    checkout.push("main")

    with zipfile.ZipFile(io.BytesIO(repository.archive(commit))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "lamp": b"brighter",
            "wick": b"long",
        }


def test_a_pushed_branch_can_be_cloned(checkout, address, tmp_path):
    checkout.commit("Light the lamp", lamp=b"on")
    checkout.push("main")

    checkout.git("clone", "--quiet", f"{address}/v1/repos/lantern", str(tmp_path / "clone"))

    assert (tmp_path / "clone" / "lamp").read_bytes() == b"on"


def test_history_outlives_the_process(checkout, tmp_path):
    commit = checkout.commit("Light the lamp", lamp=b"on")
    checkout.push("main")

    reopened = Repository("lantern", tmp_path / "state")

    assert reopened.commit(commit[:9]).id == commit


@pytest.mark.parametrize("revision", ["main", "0123456789" * 4, "no such thing", "HEAD~99", ""])
def test_an_unknown_revision_is_refused_with_the_command_that_pushes_it(repository, revision):
    with pytest.raises(RepositoryError) as error:
        repository.commit(revision)

    assert "is not in the repository lantern: push it first, git push http://127.0.0.1:4567" in str(
        error.value
    )


@pytest.mark.parametrize("revision", ["--output=stolen", "-1", "a\0b"])
def test_a_revision_is_never_an_option_of_gits(checkout, repository, tmp_path, revision):
    checkout.commit("Light the lamp", lamp=b"on")
    checkout.push("main")

    with pytest.raises(RepositoryError, match="is no name of a revision"):
        repository.commit(revision)

    assert not list((tmp_path / "state" / "lantern.git").glob("stolen*"))


def ask(git_http, path="/v1/repos/lantern/info/refs", **headers):
    answers = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "service=git-receive-pack",
        "wsgi.input": io.BytesIO(),
    } | headers
    body = b"".join(git_http(environ, lambda status, _: answers.append(status)))
    return answers[0], body


def test_a_request_of_gits_is_answered(git_http):
    assert ask(git_http, HTTP_HOST="127.0.0.1:4567")[0] == "200 OK"


@pytest.mark.parametrize("name", ["lamp", "lantern.git", ""])
def test_another_repository_is_not_found(git_http, name):
    status, body = ask(git_http, f"/v1/repos/{name}/info/refs")

    assert status == "404 Not Found"
    assert body == f"There is no repository {name}, there is lantern\n".encode()


def test_no_path_leads_out_of_the_repository(git_http, tmp_path):
    (tmp_path / "state" / "secret").write_text("glow-worm")

    status, body = ask(git_http, "/v1/repos/lantern/../secret")

    assert status == "404 Not Found"
    assert b"glow-worm" not in body
