"""Least privilege: without any one action that a rehearsal uses it fails, and that action is named."""

import json

import pytest

from infra.checks import role_use
from tests.unit.local.iam.recorded import (
    QUEUE,
    ROOT,
    TOPIC,
    USED,
    denials,
    statement,
    templates,
    trusting,
    without,
)

EACH_ACTION = sorted({(role, action) for role, entries in USED.items() for action, _ in entries})


def test_the_templates_allow_all_that_a_rehearsal_does():
    assert denials(templates()) == []


@pytest.mark.parametrize(("role", "action"), EACH_ACTION)
def test_without_one_action_the_rehearsal_fails_there(role, action):
    policies = templates()
    without(policies, role, action)

    found = denials(policies)

    assert found
    assert {
        f"assumed-role/{role}/session is not authorized to perform: {action} on" in each for each in found
    } == {True}


def edit(sid, **changes):
    """Change the role's statement with this Sid; None takes an element away."""

    def change(policies, role):
        entry = statement(policies, role, sid)
        for key, value in changes.items():
            entry.pop(key) if value is None else entry.update({key: value})

    return change


def trust(**changes):
    def change(policies, role):
        document = json.loads(json.dumps(policies.roles[role].trust))
        document["Statement"][0].update(changes)
        trusting(policies, role, document)

    return change


def resource_policy(resource, change):
    return lambda policies, _: change(policies.resources[resource]["Statement"])


def for_everybody(statements, sid, **condition):
    next(entry for entry in statements if entry.get("Sid") == sid)["Condition"] = condition


LOGS = "arn:aws:s3:::lantern-logs-111122223333-us-east-1"
ARTIFACTS = "arn:aws:s3:::lantern-artifacts-111122223333-us-east-1"
ROLE = "arn:aws:iam::111122223333:role/"
# A mistake in a role: the role, the edit, what the denial must name
MISTAKES = {
    "artifacts below another prefix": (
        "lantern-build",
        edit("Artifacts", Resource=f"{ARTIFACTS}/builds/*"),
        "s3:GetObject",
    ),
    "artifacts of another region's bucket": (
        "lantern-pipeline",
        edit("Artifacts", Resource=f"{ARTIFACTS}-2/lantern/*"),
        "s3:PutObject",
    ),
    "the bucket in the place of its objects": (
        "lantern-pipeline",
        edit("Artifacts", Resource=ARTIFACTS),
        "s3:PutObject",
    ),
    "PassRole of the task role only": (
        "lantern-pipeline",
        edit("PassTaskRoles", Resource=f"{ROLE}lantern-catalog-task"),
        "iam:PassRole",
    ),
    "PassRole to EC2": (
        "lantern-deployer",
        edit("PassTaskRoles", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
        "iam:PassRole",
    ),
    "PassRole denied": ("lantern-deployer", edit("PassTaskRoles", Effect="Deny"), "iam:PassRole"),
    "another project to build": (
        "lantern-pipeline",
        edit("Build", Resource="arn:aws:codebuild:us-east-1:111122223333:project/build"),
        "codebuild:StartBuild",
    ),
    "the application without its groups": (
        "lantern-pipeline",
        edit("Deploy", Resource="arn:aws:codedeploy:us-east-1:111122223333:application:lantern"),
        "codedeploy:CreateDeployment",
    ),
    "another hook": (
        "lantern-deployer",
        edit("TryNewVersions", Resource="arn:aws:lambda:us-east-1:111122223333:function:lantern-smoke"),
        "lambda:InvokeFunction",
    ),
    "listeners of the public load balancer only": (
        "lantern-deployer",
        edit(
            "ShiftTraffic",
            Resource="arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/lantern-public/*",
        ),
        "elasticloadbalancing:ModifyListener",
    ),
    "alarms by name": (
        "lantern-deployer",
        edit("ReadAlarms", Resource="arn:aws:cloudwatch:us-east-1:111122223333:alarm:lantern-*"),
        "cloudwatch:DescribeAlarms",
    ),
    "the other service's table": (
        "lantern-catalog-task",
        edit("OwnTable", Resource="arn:aws:dynamodb:us-east-1:111122223333:table/lantern-orders"),
        "dynamodb:GetItem",
    ),
    "the table without its index": (
        "lantern-orders-task",
        edit("OwnTable", Resource="arn:aws:dynamodb:us-east-1:111122223333:table/lantern-orders"),
        "dynamodb:Query",
    ),
    "a log group without its streams": (
        "lantern-catalog-execution",
        edit("WriteLogs", Resource="arn:aws:logs:us-east-1:111122223333:log-group:/lantern/catalog"),
        "logs:CreateLogStream",
    ),
    "the daemon's repository left out": (
        "lantern-orders-execution",
        edit("PullImages", Resource="arn:aws:ecr:us-east-1:111122223333:repository/lantern/orders"),
        "ecr:BatchGetImage",
    ),
    "a token for one repository": (
        "lantern-build",
        edit("LogIn", Resource="arn:aws:ecr:us-east-1:111122223333:repository/lantern/catalog"),
        "ecr:GetAuthorizationToken",
    ),
    "another region": (
        "lantern-smoke-hook",
        edit(
            "AnswerCodeDeploy", Resource="arn:aws:codedeploy:eu-west-1:111122223333:deploymentgroup:lantern/*"
        ),
        "codedeploy:GetDeployment",
    ),
    "a task's role that EC2 assumes": (
        "lantern-catalog-task",
        trust(Principal={"Service": "ec2.amazonaws.com"}),
        "sts:AssumeRole",
    ),
    "a role for ECS, not for its tasks": (
        "lantern-storefront-execution",
        trust(Principal={"Service": "ecs.amazonaws.com"}),
        "sts:AssumeRole",
    ),
    "tasks of another account": (
        "lantern-orders-task",
        trust(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
        "sts:AssumeRole",
    ),
    "a pipeline's role that CodeBuild assumes": (
        "lantern-pipeline",
        trust(Principal={"Service": "codebuild.amazonaws.com"}),
        "sts:AssumeRole",
    ),
    "a condition on the topic that EventBridge does not meet": (
        "",
        resource_policy(
            TOPIC,
            lambda entries: for_everybody(
                entries, "Events", StringEquals={"aws:SourceAccount": "111122223333"}
            ),
        ),
        "sns:Publish",
    ),
    "a queue that no rule may write to": (
        "",
        resource_policy(QUEUE, lambda entries: entries.__delitem__(slice(1, None))),
        "sqs:SendMessage",
    ),
    "a bucket that load balancers may not write to": (
        "",
        resource_policy(LOGS, lambda entries: entries.__delitem__(slice(1, None))),
        "s3:PutObject",
    ),
    "a bucket that is closed to everybody": (
        "",
        resource_policy(
            ARTIFACTS,
            lambda entries: entries.append(
                {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARTIFACTS}/*"}
            ),
        ),
        "s3:GetObject",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_role_stops_the_rehearsal_where_it_matters(mistake):
    role, change, action = MISTAKES[mistake]
    policies = templates()
    change(policies, role)

    found = denials(policies)

    expected = f"perform: {action} on resource:"
    assert any(expected in each and (role in each) for each in found), found


def test_the_page_has_both_lists_as_they_are():
    text = (ROOT / "docs" / "aws.md").read_text()

    assert role_use.BEGIN in text
    assert role_use.with_roles(text) == text, "write them anew: python -m infra.checks.role_use"
