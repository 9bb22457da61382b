"""AWS's documented examples of policy evaluation; each names the page that says so."""

import pytest

from local.iam.conditions import UnjudgedPolicy
from local.iam.operations import common_context
from local.iam.policies import AccessRequest, denial, evaluate, evaluate_trust
from local.iam.principals import Principal, principal_of

ROLE = Principal("carlos", "session")
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"


def ask(action, resource="*", principal=ROLE, **context):
    values = {
        key.replace("__", ":"): (value,) if isinstance(value, str) else value
        for key, value in context.items()
    }
    return AccessRequest(
        principal=principal,
        action=action,
        resource=resource,
        context=common_context() | {key.lower(): value for key, value in values.items()},
    )


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action, resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


# GUIDE + reference_policies_evaluation-logic.html
CARLOS = policy(
    allow("s3:ListBucket")
    | {"Sid": "AllowS3ListRead", "Action": ["s3:GetAccountPublicAccessBlock", "s3:ListAllMyBuckets"]},
    allow("s3:*", ["arn:aws:s3:::carlossalazar", "arn:aws:s3:::carlossalazar/*"], Sid="AllowS3Self"),
    deny("s3:*", "arn:aws:s3:::*log*", Sid="DenyS3Logs"),
)
CARLOS_BUCKET = policy(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/carlos"},
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": "arn:aws:s3:::*",
    }
)


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("s3:ListAllMyBuckets", "*", True),
        ("s3:PutObject", "arn:aws:s3:::carlossalazar/cat.png", True),
        (
            "s3:GetObject",
            "arn:aws:s3:::carlossalazar-logs/today",
            False,
        ),  # an explicit deny wins over both allows
        ("s3:GetObject", "arn:aws:s3:::elsewhere/cat.png", True),  # the bucket's policy alone is enough
        ("s3:DeleteObject", "arn:aws:s3:::elsewhere/cat.png", False),  # nobody allows it
    ],
)
def test_identity_and_resource_policies_of_one_account_together(action, resource, is_allowed):
    assert evaluate(ask(action, resource), [CARLOS], CARLOS_BUCKET).is_allowed == is_allowed


def test_who_what_and_on_what_is_said_in_awss_words():
    request = ask("ecs:RegisterTaskDefinition", "*")

    assert denial(request, evaluate(request, [CARLOS])) == (
        "User: arn:aws:sts::111122223333:assumed-role/carlos/session is not authorized to perform: "
        "ecs:RegisterTaskDefinition on resource: * because no identity-based policy allows the "
        "ecs:RegisterTaskDefinition action"
    )
    request = ask("s3:GetObject", "arn:aws:s3:::carlossalazar-logs/today")
    assert denial(request, evaluate(request, [CARLOS])).endswith(
        "with an explicit deny in an identity-based policy"
    )


def test_not_action_is_everything_else():
    """GUIDE + reference_policies_elements_notaction.html: all of S3 but the deletion of a bucket."""
    rule = policy({"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"})

    assert evaluate(ask("s3:GetObject", "arn:aws:s3:::bucket/key"), [rule]).is_allowed
    assert not evaluate(ask("s3:DeleteBucket", "arn:aws:s3:::bucket"), [rule]).is_allowed
    assert not evaluate(ask("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:queue"), [rule]).is_allowed


def test_not_resource_denies_everything_else():
    """GUIDE + reference_policies_elements_notresource.html: all of S3 but one bucket is denied."""
    own = ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"]
    rule = policy({"Effect": "Deny", "Action": "s3:*", "NotResource": own}, allow("*"))

    assert evaluate(ask("s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/may"), [rule]).is_allowed
    assert not evaluate(ask("s3:GetObject", "arn:aws:s3:::HRBucket/Staff"), [rule]).is_allowed


@pytest.mark.parametrize(
    ("pattern", "action", "is_allowed"),
    [
        ("iam:*AccessKey*", "iam:CreateAccessKey", True),  # GUIDE + reference_policies_elements_action.html
        (
            "IAM:LISTACCESSKEYS",
            "iam:ListAccessKeys",
            True,
        ),  # "The prefix and the action name are case insensitive"
        ("s3:GetObjec?", "s3:GetObject", True),
        ("s3:Get", "s3:GetObject", False),
        ("*", "sqs:SendMessage", True),
    ],
)
def test_wildcards_and_case_of_actions(pattern, action, is_allowed):
    assert evaluate(ask(action), [policy(allow(pattern))]).is_allowed == is_allowed


@pytest.mark.parametrize(
    ("pattern", "resource", "is_allowed"),
    [
        # GUIDE + reference_policies_elements_resource.html
        ("arn:aws:sqs", "arn:aws:sqs:us-east-2:111122223333:queue", True),
        ("arn:aws:sqs:us-east-2", "arn:aws:sqs:us-west-1:111122223333:queue", False),
        (
            "arn:aws:s3:::amzn-s3-demo-bucket/test/*",
            "arn:aws:s3:::amzn-s3-demo-bucket/test/1/object.jpg",
            True,
        ),
        (
            "arn:aws:s3:::amzn-s3-demo-bucket/test/*",
            "arn:aws:s3:::amzn-s3-demo-bucket/1/test/object.jpg",
            False,
        ),
        ("arn:aws:s3:::b/x.y", "arn:aws:s3:::b/xzy", False),
        ("arn:aws:s3:::b/Key", "arn:aws:s3:::b/key", False),
    ],
)
def test_wildcards_and_short_arns_of_resources(pattern, resource, is_allowed):
    assert evaluate(ask("s3:GetObject", resource), [policy(allow("*", pattern))]).is_allowed == is_allowed


# GUIDE + reference_policies_elements_condition_operators.html
OPERATORS = [
    ("StringEquals", "aws:PrincipalTag/job", ["iamuser-admin"], "iamuser-admin", True),
    ("StringEquals", "aws:PrincipalTag/job", ["iamuser-admin"], "IAMUSER-ADMIN", False),
    ("StringEqualsIgnoreCase", "aws:PrincipalTag/job", ["iamuser-admin"], "IAMUSER-ADMIN", True),
    ("StringLike", "s3:prefix", ["", "home/", "home/*"], "home/anna/x", True),
    ("StringNotLike", "s3:prefix", ["home/*"], "home/anna", False),
    ("StringNotEquals", "aws:PrincipalTag/job", ["a"], (), True),  # an absent key is not equal
    ("StringEquals", "aws:PrincipalTag/job", ["a"], (), False),
    ("StringEqualsIfExists", "aws:PrincipalTag/job", ["a"], (), True),
    ("Null", "aws:PrincipalTag/job", "true", (), True),
    ("Null", "aws:PrincipalTag/job", "false", (), False),
    ("Null", "aws:PrincipalTag/job", "false", "a", True),
    ("Bool", "aws:SecureTransport", "true", "true", True),
    ("Bool", "aws:SecureTransport", False, "true", False),
    ("NumericLessThanEquals", "s3:max-keys", "10", "10", True),
    ("NumericLessThanEquals", "s3:max-keys", "10", "11", False),
    (
        "ArnLike",
        "aws:SourceArn",
        "arn:aws:ecs:us-east-1:111122223333:*",
        "arn:aws:ecs:us-east-1:111122223333:task/a/b",
        True,
    ),
    (
        "ArnEquals",
        "aws:SourceArn",
        "arn:aws:sns:*:123456789012:t",
        "arn:aws:sns:eu-west-1:123456789012:t",
        True,
    ),
    ("ArnLike", "aws:SourceArn", "arn:aws:*:123456789012:t", "arn:aws:sns:eu-west-1:123456789012:t", False),
    ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["a", "b"], ("a", "c"), False),
    (
        "ForAllValues:StringEquals",
        "dynamodb:LeadingKeys",
        ["a"],
        (),
        True,
    ),  # "returns true if there are no keys"
    ("ForAnyValue:StringEquals", "dynamodb:LeadingKeys", ["a"], ("c", "a"), True),
    ("ForAnyValue:StringEquals", "dynamodb:LeadingKeys", ["a"], (), False),
    ("ForAnyValue:StringNotEquals", "dynamodb:LeadingKeys", ["a"], (), False),
]


@pytest.mark.parametrize(("operator", "key", "expected", "value", "holds"), OPERATORS)
def test_condition_operators(operator, key, expected, value, holds):
    rule = policy(allow("s3:GetObject", Condition={operator: {key: expected}}))
    context = {key.lower(): (value,) if isinstance(value, str) else value}
    request = AccessRequest(principal=ROLE, action="s3:GetObject", resource="*", context=context)

    assert evaluate(request, [rule]).is_allowed == holds


def test_every_operator_and_every_key_must_hold():
    """GUIDE + reference_policies_condition-logic-multiple-context-keys-or-values.html"""
    condition = {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:*:*:*"},
    }
    rule, ecs = policy(allow("iam:PassRole", Condition=condition)), "ecs-tasks.amazonaws.com"
    source = "arn:aws:ecs:us-east-1:111122223333:task/x"

    assert evaluate(ask("iam:PassRole", iam__PassedToService=ecs, aws__SourceArn=source), [rule]).is_allowed
    assert not evaluate(ask("iam:PassRole", iam__PassedToService=ecs), [rule]).is_allowed


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (allow("s3:*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}), "aws:SourceVpce"),
        (deny("s3:*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}), "aws:SourceVpce"),
        (allow("s3:*", Condition={"IpAddress": {"aws:RequestedRegion": "10.0.0.0/8"}}), "IpAddress"),
        (allow("s3:*", "arn:aws:s3:::${aws:username}/*"), "aws:username"),
        (allow("s3:*") | {"Sometimes": "yes"}, "Sometimes"),
        ({"Effect": "Allow", "Resource": "*"}, "no Action"),
    ],
)
def test_what_can_not_be_judged_is_refused_by_name(statement, named):
    with pytest.raises(UnjudgedPolicy, match=named):
        evaluate(ask("s3:GetObject", "arn:aws:s3:::bucket/key"), [policy(statement)])


TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:111122223333:*"},
            "StringEquals": {"aws:SourceAccount": "111122223333"},
        },
    }
)


@pytest.mark.parametrize(
    ("service", "source", "is_allowed"),
    [
        ("ecs-tasks.amazonaws.com", "arn:aws:ecs:us-east-1:111122223333:task/lantern/1", True),
        ("ecs-tasks.amazonaws.com", "arn:aws:ecs:eu-west-1:111122223333:task/lantern/1", False),
        ("ecs-tasks.amazonaws.com", "", False),
        ("ecs.amazonaws.com", "arn:aws:ecs:us-east-1:111122223333:task/lantern/1", False),
    ],
)
def test_a_role_is_assumed_by_whom_it_trusts(service, source, is_allowed):
    request = AccessRequest(
        principal=Principal(service),
        action="sts:AssumeRole",
        resource="arn:aws:iam::111122223333:role/task",
        context=common_context(source),
    )

    assert evaluate_trust(request, TRUST).is_allowed == is_allowed


def test_an_accounts_principal_leaves_the_decision_to_the_roles_own_policies():
    """GUIDE + reference_policies_elements_principal.html#principal-accounts"""
    bucket = policy(allow("s3:GetObject", Principal={"AWS": "arn:aws:iam::111122223333:root"}))

    assert not evaluate(ask("s3:GetObject", "arn:aws:s3:::b/k"), [], bucket).is_allowed


def test_an_access_key_id_says_who_acts():
    session = Principal("lantern-catalog-task", "0123456789abcdef")

    assert principal_of(session.access_key_id) == session
    assert session.access_key_id.isalnum()
    assert len(session.access_key_id) <= 128, "as long as AWS's may be"
    assert principal_of("codepipeline.amazonaws.com") == Principal("codepipeline.amazonaws.com")
    for key in ("test", "laptop", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "ASIA"):
        assert principal_of(key) is None, "a person"


# GUIDE + reference_policies_variables.html, "Where you can use policy variables"
@pytest.mark.parametrize(
    ("pattern", "resource", "is_allowed"),
    [
        ("arn:aws:s3:::shelf/${*}.png", "arn:aws:s3:::shelf/*.png", True),
        ("arn:aws:s3:::shelf/${*}.png", "arn:aws:s3:::shelf/cat.png", False),
        ("arn:aws:s3:::shelf/${?}.png", "arn:aws:s3:::shelf/a.png", False),
        ("arn:aws:s3:::shelf/${$}/*", "arn:aws:s3:::shelf/$/a.png", True),
        ("arn:aws:s3:::shelf/${aws:PrincipalTag/team}/*", "arn:aws:s3:::shelf/lamps/a.png", False),
        ("arn:aws:s3:::shelf/${aws:PrincipalTag/team}/*", "arn:aws:s3:::shelf/*/a.png", True),
        ("arn:aws:s3:::shelf[1]/*", "arn:aws:s3:::shelf[1]/a.png", True),
    ],
)
def test_what_a_policy_variable_brings_is_no_wildcard(pattern, resource, is_allowed):
    """The tag's value is an asterisk: it would open every team's folder otherwise."""
    request = ask("s3:GetObject", resource, **{"aws__PrincipalTag/team": "*"})

    assert evaluate(request, [policy(allow("s3:GetObject", pattern))]).is_allowed == is_allowed


def test_a_variable_with_an_asterisk_equals_that_asterisk():
    condition = {
        "StringEquals": {"aws:PrincipalTag/team": "${*}"},
        "StringLike": {"aws:PrincipalTag/team": "${*}"},
    }
    request = ask("s3:GetObject", "arn:aws:s3:::shelf/a", **{"aws__PrincipalTag/team": "*"})

    assert evaluate(request, [policy(allow("s3:GetObject", Condition=condition))]).is_allowed
