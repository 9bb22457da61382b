"""Every error is one shape, and a bug's text does not leave the house."""

import logging

import pytest

from services.common.problems import DependencyDown
from services.orders.app import create_app
from services.orders.settings import Settings

TRACE_ID = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.fixture(name="client")
def _client(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    app = create_app(Settings(catalog_url="http://127.0.0.1:9"))

    @app.get("/bug")
    def bug():
        raise KeyError("the secret of the house")

    @app.get("/down")
    def down():
        raise DependencyDown("catalog")

    return app.test_client()


def ask(client, path):
    return client.get(path, headers={"X-Amzn-Trace-Id": f"Root={TRACE_ID};Sampled=0"})


def test_a_bug_is_a_500_that_tells_its_trace_and_nothing_else(client, caplog):
    with caplog.at_level(logging.ERROR):
        answer = ask(client, "/bug")

    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert answer.json == {
        "type": "urn:problem:internal-error",
        "title": "Internal error",
        "status": 500,
        "detail": "The error was logged under the trace id.",
        "trace_id": TRACE_ID,
    }
    assert "secret" not in answer.text
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "the secret of the house" in str(record.exc_info[1])


@pytest.mark.parametrize(
    ("path", "level", "exception"),
    [
        ("/bug", "ERROR", "KeyError"),
        ("/down", "ERROR", "DependencyDown"),
        ("/nowhere", "INFO", None),
        ("/version", "INFO", None),
    ],
)
def test_an_answer_of_5xx_is_logged_at_error_with_its_exception_and_4xx_at_info(
    client, caplog, path, level, exception
):
    with caplog.at_level(logging.INFO):
        ask(client, path)

    (record,) = caplog.records
    assert record.levelname == level
    assert (record.exc_info and record.exc_info[0].__name__) == exception


def test_a_dependency_that_is_down_is_a_503_with_retry_after(client):
    answer = ask(client, "/down")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "catalog" in answer.json["detail"]


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/orders/%00", 404)])
def test_what_is_not_there_has_the_same_shape(client, path, status):
    answer = ask(client, path)

    assert (answer.status_code, answer.json["status"], answer.json["trace_id"]) == (status, status, TRACE_ID)


def test_every_answer_carries_trace_request_and_version(client):
    for path in ("/bug", "/down", "/nowhere", "/healthz", "/openapi.json"):
        answer = ask(client, path)
        assert answer.headers["X-Amzn-Trace-Id"] == f"Root={TRACE_ID}", path
        assert answer.headers["X-Request-Id"], path
        assert answer.headers["X-Service-Version"] == "dev", path
