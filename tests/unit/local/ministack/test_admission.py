"""What the local AWS lets in, request by request."""

import pytest

from local.ministack.admission import refusal
from tests.signatures import authorization

HOST = {"host": "127.0.0.1:4566"}
SIGV4 = "X-Amz-Credential=laptop%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"
SIGV2 = "AWSAccessKeyId=laptop&Signature=0&Expires=9999999999"
CREATE_STACK = "Action=CreateStack&Version=2010-05-15&StackName=x"


def status(method, path, query="", **headers):
    """0 when the request is let in."""
    found = refusal(
        method, path, query, HOST | {key.replace("_", "-"): value for key, value in headers.items()}
    )
    return found.status if found else 0


def message(service, **headers):
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return refusal("POST", "/", "", HOST | headers | {"authorization": authorization(service)}).message


@pytest.mark.parametrize(
    ("method", "path", "query", "service"),
    [
        ("POST", "/", "", "dynamodb"),
        ("POST", "/", "", "monitoring"),
        ("GET", "/", "", "s3"),
        ("PUT", "/bucket/a/key", "x-id=PutObject", "s3"),
        ("POST", "/", "", "sts"),
    ],
)
def test_a_signed_request_is_let_in_with_any_credentials(method, path, query, service):
    assert status(method, path, query, authorization=authorization(service)) == 0


@pytest.mark.parametrize(
    ("method", "path", "query", "headers"),
    [
        ("GET", "/", CREATE_STACK, {}),
        ("POST", "/", CREATE_STACK, {"content_type": "application/x-www-form-urlencoded"}),
        ("POST", "/2015-03-31/functions", "", {"content_type": "text/plain"}),
        ("POST", "/", "", {"x_amz_target": "DynamoDB_20120810.DeleteTable"}),
        ("GET", "/bucket/key", "", {}),
        ("POST", "/_ministack/reset", "", {}),
        ("GET", "/_ministack/health", "", {}),
        ("GET", "/health", "", {}),
        ("OPTIONS", "/", "", {"access_control_request_method": "PUT"}),
    ],
)
def test_an_unsigned_request_is_refused(method, path, query, headers):
    assert status(method, path, query, **headers) == 403


@pytest.mark.parametrize("query", [SIGV4, SIGV2])
def test_a_presigned_address_is_good_for_an_object_and_nothing_else(query):
    assert [status(method, "/bucket/a/key", query) for method in ("GET", "HEAD", "PUT")] == [0, 0, 0]

    for method, path in [
        ("POST", "/bucket/key"),
        ("DELETE", "/bucket/key"),
        ("PUT", "/bucket"),
        ("GET", "/"),
        ("GET", "/2015-03-31/functions"),
        ("POST", "/2015-03-31/functions"),
        ("GET", "/_ministack/config"),
        ("GET", "/_aws/lambda-url/x/y"),
    ]:
        assert status(method, path, query) == 403, (method, path)
    assert status("GET", "/bucket/key", f"{query}&{CREATE_STACK}") == 403
    assert status("PUT", "/bucket/key", query, x_amz_target="Logs_20140328.CreateLogGroup") == 403


@pytest.mark.parametrize("service", ["lambda", "cloudformation", "states", "glue", "rds", "nobody"])
def test_a_service_that_is_switched_off_says_so_by_name(service):
    assert message(service).startswith(f"{service} is switched off in the local AWS")


def test_a_target_does_not_lead_around_the_service_that_was_signed_for():
    target = "AWSStepFunctions.CreateStateMachine"

    assert message("dynamodb", x_amz_target=target).startswith("states is switched off")


@pytest.mark.parametrize("operation", ["CreateApiDestination", "CreateConnection"])
def test_events_go_to_nobody_outside(operation):
    target = f"AWSEvents.{operation}"

    assert message("events", x_amz_target=target).startswith(f"{target} is switched off")


def test_the_emulators_own_switches_are_off_even_when_the_request_is_signed():
    assert status("POST", "/_ministack/config", authorization=authorization("s3")) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example:4566"},
        {"origin": "http://127.0.0.1:8000"},
        {"referer": "http://elsewhere.example/"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
    ],
)
def test_a_foreign_page_is_refused_whatever_it_sends(headers):
    for method, path, query in [
        ("POST", "/", ""),
        ("GET", "/_lantern/health", ""),
        ("GET", "/bucket/key", SIGV4),
        ("GET", "/v2/", ""),
    ]:
        assert status(method, path, query, authorization=authorization("s3"), **headers) == 403


def test_docker_is_asked_for_its_login_and_let_in_with_any():
    challenge = refusal("GET", "/v2/", "", HOST)

    assert (challenge.status, challenge.headers[0][0]) == (401, "www-authenticate")
    assert status("POST", "/v2/lantern/orders/blobs/uploads/", authorization="Basic QVdTOmxhcHRvcA==") == 0


def test_health_is_told_and_the_pipelines_events_are_taken_unsigned():
    assert status("GET", "/_lantern/health") == 0
    assert status("POST", "/_lantern/events", content_type="application/json") == 0
    assert status("POST", "/_lantern/health") == 403
    assert status("POST", "/_lantern/events", content_type="text/plain", sec_fetch_site="none") == 403
