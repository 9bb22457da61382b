"""Which requests only an AWS client can have sent."""

import boto3
import pytest

from local.awsapi.signatures import may_be_unsigned, signed_service
from tests.signatures import authorization

CREDENTIALS = {
    "aws_access_key_id": "laptop",
    "aws_secret_access_key": "laptop",
    "region_name": "eu-central-1",
}


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "name"),
    [
        ("dynamodb", "list_tables", {}, "dynamodb"),
        ("cloudwatch", "list_metrics", {}, "monitoring"),
        ("s3", "list_buckets", {}, "s3"),
        ("codepipeline", "list_pipelines", {}, "codepipeline"),
        ("sts", "get_caller_identity", {}, "sts"),
    ],
)
def test_the_service_that_boto3_signed_for_is_read(service, operation, arguments, name):
    client = boto3.client(service, endpoint_url="http://127.0.0.1:9", **CREDENTIALS)
    client.meta.events.register("before-send", stop)

    with pytest.raises(Sent) as sent:
        getattr(client, operation)(**arguments)

    assert signed_service(sent.value.headers) == name


class Sent(Exception):
    """In place of asking anybody: what would have been sent."""

    def __init__(self, headers):
        super().__init__()
        self.headers = headers


def stop(request, **_):
    texts = {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    raise Sent({name.lower(): value for name, value in texts.items()})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic QVdTOng=",
        "Bearer token",
        "AWS4-HMAC-SHA256",
        authorization("dynamodb").replace("/aws4_request", ""),
        authorization("dynamodb").partition(", Signature")[0],
        "AWS laptop:signature",
    ],
)
def test_no_other_header_is_a_signature(header):
    assert signed_service({"authorization": header}) == ""


@pytest.mark.parametrize(
    ("headers", "is_possible"),
    [
        ({}, True),
        ({"content-type": "application/json"}, True),
        ({"content-type": "application/x-protobuf"}, True),
        ({"content-type": "text/plain"}, True),
        ({"content-type": "text/plain", "origin": "http://127.0.0.1:2000"}, False),
        ({"content-type": "TEXT/PLAIN; charset=application/json", "sec-fetch-site": "none"}, False),
        ({"content-type": "multipart/form-data; boundary=x", "referer": "http://127.0.0.1:2000/"}, False),
        ({"content-type": "", "sec-fetch-mode": "no-cors"}, False),
        ({"content-type": "application/json", "sec-fetch-site": "same-origin"}, True),
    ],
)
def test_without_a_signature_a_body_must_be_none_of_a_forms_or_no_browser_sent_it(headers, is_possible):
    assert may_be_unsigned("POST", headers) is is_possible
    assert not may_be_unsigned("GET", headers)
