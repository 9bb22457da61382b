"""Any request is answered in the API's own form; the only 5xx is 501 for an operation that is missing."""

import io
import json

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from local.awsapi.application import Application
from local.awsapi.errors import InvalidRequestException
from tests.signatures import signed_environ

MODEL = ServiceModel(Loader().load_service_model("xray", "service-2"), "xray")


def echo(request):
    if request.get("TraceIds") == ["refuse"]:
        raise InvalidRequestException("refused")
    return {}


APP = Application("xray", dict.fromkeys(MODEL.operation_names, echo))


def call(path, body=b"", app=APP, method="POST", **environ):
    answer = {}

    def start_response(status, headers):
        answer.update(status=int(status.split()[0]), headers=dict(headers))

    request = {"REQUEST_METHOD": method, "PATH_INFO": path, **signed_environ("xray")}
    request |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    content = b"".join(app(request | environ, start_response))
    return answer["status"], answer["headers"], json.loads(content)


def test_every_operation_of_the_model_is_routed_by_its_path():
    for name in MODEL.operation_names:
        status, headers, _ = call(MODEL.operation_model(name).http["requestUri"])
        assert status in (200, 400), name
        assert headers["x-amzn-RequestId"]


def test_a_missing_operation_is_answered_with_not_implemented():
    status, headers, body = call("/GetGroup", app=Application("xray", {}))

    assert (status, headers["x-amzn-errortype"]) == (501, "NotImplemented")
    assert "GetGroup" in body["Message"]


def test_an_operation_unknown_to_the_model_is_refused_at_start():
    with pytest.raises(ValueError, match="GetTracer"):
        Application("xray", {"GetTracer": echo})


@pytest.mark.parametrize(
    ("path", "body", "part"),
    [
        ("/Traces", b"{}", "Value null at 'traceIds' failed to satisfy constraint: Member must not be null"),
        ("/Traces", b'{"TraceIds": "1"}', "traceIds"),
        ("/Traces", b'{"TraceIds": [1]}', "traceIds.1.member"),
        ("/ServiceGraph", b'{"StartTime": "now", "EndTime": 1}', "startTime"),
        ("/SamplingTargets", b'{"SamplingStatisticsDocuments": [{"RuleName": "x"}]}', "member.clientID"),
    ],
)
def test_a_validation_error_names_the_member(path, body, part):
    status, headers, answer = call(path, body)

    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert part in answer["message"]


@pytest.mark.parametrize(("name", "status"), [("a-b", 200), ("a/b", 400), ("a\nb", 400), ("ab\n", 400)])
def test_a_pattern_must_match_the_whole_text(name, status):
    """Recorded of the service: a policy named a/b is a ValidationException."""
    body = json.dumps({"PolicyName": name, "PolicyDocument": "{}"}).encode()

    answered, headers, _ = call("/PutResourcePolicy", body)

    assert answered == status
    assert status == 200 or headers["x-amzn-errortype"] == "ValidationException"


def test_a_member_may_be_required_by_the_model_and_not_by_the_service():
    app = Application("xray", {"GetGroup": echo, "TagResource": echo}, {"TagResourceRequest": ["Tags"]})

    assert call("/TagResource", b'{"ResourceARN": "arn"}', app=app)[0] == 200
    assert call("/TagResource", b'{"Tags": []}', app=app)[0] == 400


def test_a_refusal_has_the_form_that_aws_answers():
    status, headers, answer = call("/Traces", b'{"TraceIds": ["refuse"]}')

    assert (status, headers["x-amzn-errortype"], answer) == (
        400,
        "InvalidRequestException",
        {"Message": "refused"},
    )


@pytest.mark.parametrize(
    "moment", [1465510280, 1465510280.5, "2016-06-09T22:11:20Z", "2016-06-09T22:11:20.500+00:00"]
)
def test_a_timestamp_may_be_a_number_or_iso_text(moment):
    body = json.dumps({"StartTime": moment, "EndTime": moment}).encode()

    assert call("/ServiceGraph", body)[0] == 200


@pytest.mark.parametrize(
    ("body", "environ"),
    [
        (b"{", {}),
        (b"\xff", {}),
        (b"[" * 100_000, {}),
        (b"not gzip", {"HTTP_CONTENT_ENCODING": "gzip"}),
        (b"{}", {"CONTENT_LENGTH": "many"}),
        (b"{}", {"CONTENT_LENGTH": "99999999999"}),
    ],
)
def test_a_body_that_is_not_json_is_answered_with_400(body, environ):
    assert call("/Traces", body, **environ)[0] == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_ORIGIN": "http://127.0.0.1:8000"},
        {"HTTP_ORIGIN": "https://elsewhere.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_REFERER": "http://127.0.0.1:8000/map"},
        {"HTTP_SEC_FETCH_SITE": "same-site"},
        {"HTTP_HOST": "rebound.example:2000"},
    ],
)
def test_a_web_page_of_another_origin_is_refused_whatever_it_sends(headers):
    status, answer_headers, _ = call("/GetSamplingRules", b"{}", **headers)

    assert (status, answer_headers["x-amzn-errortype"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize("authorization", ["", "Basic bGFwdG9wOmxhcHRvcA==", "AWS4-HMAC-SHA256 Credential=x"])
def test_a_request_without_a_signature_is_refused(authorization):
    status, headers, body = call("/CreateGroup", b'{"GroupName": "x"}', HTTP_AUTHORIZATION=authorization)

    assert (status, headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    assert "CreateGroup needs a signature" in body["Message"]


@pytest.mark.parametrize(
    ("operation", "headers", "status"),
    [
        ("GetSamplingRules", {"CONTENT_TYPE": "application/json"}, 200),
        ("GetSamplingRules", {}, 200),
        ("GetSamplingRules", {"HTTP_SEC_FETCH_SITE": "same-origin"}, 403),
        ("GetSamplingRules", {"HTTP_SEC_FETCH_SITE": "none", "CONTENT_TYPE": "text/plain"}, 403),
        ("CreateGroup", {"CONTENT_TYPE": "application/json"}, 403),
    ],
)
def test_what_sdks_send_unsigned_is_taken_unless_a_page_could_have_sent_it(operation, headers, status):
    app = Application("xray", dict.fromkeys(MODEL.operation_names, echo), unsigned=("GetSamplingRules",))

    assert call(f"/{operation}", b'{"GroupName": "x"}', app, HTTP_AUTHORIZATION="", **headers)[0] == status


def test_an_unknown_path_is_a_404():
    assert call("/nowhere")[0] == 404


NAMES = sorted(
    {name for op in MODEL.operation_names for name in MODEL.operation_model(op).input_shape.members}
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=10,
)


@given(
    path=st.sampled_from(sorted(MODEL.operation_names)), body=st.dictionaries(st.sampled_from(NAMES), VALUES)
)
def test_a_fuzzed_body_is_answered_200_or_400(path, body):
    status, _, _ = call(MODEL.operation_model(path).http["requestUri"], json.dumps(body).encode())

    assert status in (200, 400)


JSON = Application("codepipeline", {"GetPipelineState": lambda request: {"pipelineName": request["name"]}})


def test_an_operation_of_the_json_protocol_is_named_by_a_header_and_absent_members_are_left_out():
    body = json.dumps({"name": "lantern"}).encode()
    status, headers, answer = call(
        "/", body, app=JSON, HTTP_X_AMZ_TARGET="CodePipeline_20150709.GetPipelineState"
    )

    assert (status, answer) == (200, {"pipelineName": "lantern"})
    assert headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("CodePipeline_20150709.GetPipelines", "UnknownOperationException"),
        ("Elsewhere.GetPipelineState", "UnknownOperationException"),
        ("CodePipeline_20150709.PutApprovalResult", "NotImplemented"),
        ("CodePipeline_20150709.GetPipelineState", "ValidationException"),
    ],
)
def test_errors_of_the_json_protocol_name_their_type_in_the_body(target, code):
    status, _, answer = call("/", b"{}", app=JSON, HTTP_X_AMZ_TARGET=target)

    assert status in (400, 501)
    assert answer["__type"] == code
    assert answer["message"]
