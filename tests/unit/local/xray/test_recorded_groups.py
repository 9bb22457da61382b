"""Groups and their tags as recorded: group_edges.json of the recordings that test_recordings.py names."""

import json

import pytest

from local.awsapi.application import Application
from local.xray import operations
from local.xray.backend import Backend
from local.xray.storage.store import Store
from tests.unit.local.awsapi.test_application import call


@pytest.fixture(name="ask")
def _ask(tmp_path):
    """Asks an operation by its path; answers status, error code and body."""
    store = Store(tmp_path)
    app = Application("xray", operations.load(Backend(store)), operations.NOT_REQUIRED)

    def ask(path, **request):
        status, headers, body = call(path, json.dumps(request).encode(), app=app)
        return status, headers.get("x-amzn-errortype"), body

    yield ask
    store.close()


@pytest.fixture(name="group")
def _group(ask):
    tags = [{"Key": "Owner", "Value": "failures"}]
    return ask("/CreateGroup", GroupName="failures", FilterExpression="error", Tags=tags)[2]["Group"]


def test_default_has_an_expression_that_is_null_and_an_arn_without_a_suffix(ask):
    """default-read."""
    assert ask("/GetGroup", GroupName="Default")[2] == {
        "Group": {
            "FilterExpression": None,
            "GroupARN": "arn:aws:xray:us-east-1:111122223333:group/Default",
            "GroupName": "Default",
            "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False},
        }
    }


@pytest.mark.parametrize(
    ("path", "request_", "message"),
    [
        ("/Groups", {"NextToken": "not-a-valid-token"}, "Next Token not supported"),
        ("/GetGroup", {"GroupName": "Default", "GroupARN": "arn"}, "Provide either GroupName or GroupARN"),
        ("/GetGroup", {"GroupName": "nobody"}, "Group not found"),
        (
            "/UpdateGroup",
            {"GroupName": "failures", "GroupARN": "arn", "FilterExpression": "fault"},
            "Provide either GroupName or GroupARN",
        ),
        ("/DeleteGroup", {"GroupName": "a", "GroupARN": "arn"}, "Provide either GroupName or GroupARN"),
        ("/UpdateGroup", {"GroupName": "failures", "FilterExpression": ""}, "Filter Expression is empty"),
        ("/UpdateGroup", {"GroupName": "failures", "FilterExpression": "   "}, "Filter Expression is empty"),
        ("/UpdateGroup", {"GroupName": "failures"}, "Filter Expression is empty"),
        (
            "/UpdateGroup",
            {"GroupName": "failures", "InsightsConfiguration": {"InsightsEnabled": False}},
            "Filter Expression is empty",
        ),
        ("/CreateGroup", {"GroupName": "no-filter"}, "Filter Expression is empty"),
    ],
)
@pytest.mark.usefixtures("group")
def test_a_request_is_refused_in_the_services_words(ask, path, request_, message):
    """groups-invalid-token, *-both-selectors, update-*-filter, update-false-insights-only."""
    assert ask(path, **request_) == (400, "InvalidRequestException", {"Message": message})
    assert ask("/GetGroup", GroupName="failures")[2]["Group"]["FilterExpression"] == "error"


def test_tags_take_an_at_sign_and_their_list_takes_any_token(ask, group):
    """at-sign-key, at-sign-value, tags-invalid-token."""
    arn = group["GroupARN"]
    ask("/TagResource", ResourceARN=arn, Tags=[{"Key": "email@owner", "Value": "owner@example.com"}])

    status, _, listed = ask("/ListTagsForResource", ResourceARN=arn, NextToken="not-a-valid-token")

    assert (status, listed["NextToken"]) == (200, None)
    assert {"Key": "email@owner", "Value": "owner@example.com"} in listed["Tags"]


def test_a_group_that_is_created_again_has_another_arn_and_no_tags(ask, group):
    """recreate-valid-filter, tags-old-incarnation, tags-recreated."""
    arn = group["GroupARN"]
    ask("/DeleteGroup", GroupARN=arn)
    again = ask("/CreateGroup", GroupName="failures", FilterExpression="fault")[2]["Group"]

    assert again["GroupARN"] != arn
    assert ask("/ListTagsForResource", ResourceARN=again["GroupARN"])[2]["Tags"] == []
    assert ask("/ListTagsForResource", ResourceARN=arn) == (
        404,
        "ResourceNotFoundException",
        {"Message": f"Resource {arn} not found", "ResourceName": arn},
    )


def test_a_policy_that_is_not_there_is_refused_by_its_name_or_by_its_revision(ask):
    """segments_and_policies.json: delete-missing-policy, delete-missing-policy-with-revision."""
    gone = "Another concurrent request has modified or deleted the resource policy missing"

    assert ask("/DeleteResourcePolicy", PolicyName="missing") == (
        400,
        "InvalidRequestException",
        {"Message": "The resource policy missing does not exist."},
    )
    assert ask("/DeleteResourcePolicy", PolicyName="missing", PolicyRevisionId="1") == (
        400,
        "InvalidPolicyRevisionIdException",
        {"Message": gone},
    )


def test_a_policy_is_created_with_revision_zero_and_counted_up(ask):
    """segments_and_policies.json: policy-create-revision-zero to policy-update-unconditional."""
    stale = "Another concurrent request has modified the resource policy p"
    revisions = []
    for revision in ("0", "0", "1", "1", None):
        sent = {} if revision is None else {"PolicyRevisionId": revision}
        _, code, body = ask("/PutResourcePolicy", PolicyName="p", PolicyDocument="{}", **sent)
        if code:
            assert (code, body["Message"]) == ("InvalidPolicyRevisionIdException", stale)
        revisions.append(None if code else body["ResourcePolicy"]["PolicyRevisionId"])

    assert revisions == ["1", None, "2", None, "3"]
