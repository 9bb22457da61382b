"""Who may ask the pipeline's port: AWS's API wants a signature, git's client and our own reading do not."""

import io
import json
from types import SimpleNamespace

import pytest

from local.pipeline.api_server import ApiServer
from tests.signatures import signed_environ

PUSH = {"CONTENT_TYPE": "application/x-git-receive-pack-request"}
GIT = "/v1/repos/lantern/git-receive-pack"
FOREIGN = [
    {"HTTP_ORIGIN": "https://example.com"},
    {"HTTP_ORIGIN": "null"},
    {"HTTP_REFERER": "http://127.0.0.1:8080/"},
    {"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_SEC_FETCH_MODE": "navigate"},
    {"HTTP_HOST": "lantern.example.com:4567"},
]


class GitHttp:
    """Counts the requests that reach git."""

    def __init__(self):
        self.requests = 0

    def __call__(self, _environ, start_response):
        self.requests += 1
        start_response("200 OK", [])
        return [b""]


@pytest.fixture(name="runner")
def _runner():
    architecture = SimpleNamespace(balancers=["lantern-public"])
    return SimpleNamespace(git_http=GitHttp(), trouble="", architecture=architecture)


def ask(runner, method, path, body=b"", **headers):
    answers = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "HTTP_HOST": "127.0.0.1:4567",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(ApiServer(runner)(environ | headers, lambda status, _: answers.append(status)))
    return int(answers[0].split()[0]), content.decode()


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/repos/lantern/info/refs"),
        ("POST", GIT),
        ("GET", "/_lantern/snapshot"),
        ("GET", "/_lantern/events"),
        ("POST", "/"),
    ],
)
def test_a_foreign_page_is_refused_whatever_it_asks_for(runner, method, path, headers):
    status, body = ask(runner, method, path, **{**signed_environ("codepipeline"), **PUSH, **headers})

    assert (status, runner.git_http.requests) == (403, 0)
    assert "answers" in json.loads(body)["message"]


def test_git_and_reading_need_no_signature(runner):
    assert ask(runner, "GET", "/v1/repos/lantern/info/refs")[0] == 200
    assert ask(runner, "POST", GIT, **PUSH)[0] == 200
    assert runner.git_http.requests == 2
    assert ask(runner, "GET", "/_lantern/health") == (200, '{"status": "ok"}')


def test_a_push_that_a_form_could_have_sent_does_not_reach_git(runner):
    status, _ = ask(runner, "POST", GIT, CONTENT_TYPE="text/plain", HTTP_SEC_FETCH_SITE="none")

    assert (status, runner.git_http.requests) == (403, 0)


@pytest.mark.parametrize(
    "target", ["CodePipeline_20150709.ListPipelines", "CodeDeploy_20141006.ListApplications"]
)
def test_an_operation_without_a_signature_is_refused(runner, target):
    status, body = ask(runner, "POST", "/", b"{}", HTTP_X_AMZ_TARGET=target)

    assert status == 403
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"


def test_where_a_load_balancer_is_inside_is_told_to_who_signs(runner, monkeypatch):
    monkeypatch.setattr("local.pipeline.api_server.load_balancer_address", lambda: "172.18.0.5")
    form = b"Action=DescribeNetworkInterfaces"

    assert ask(runner, "POST", "/", form)[0] == 403
    status, body = ask(runner, "POST", "/", form, **signed_environ("ec2"))
    assert status == 200
    assert "<privateIpAddress>172.18.0.5</privateIpAddress>" in body
