"""What roles did in a rehearsal, replayed against policies: by the evaluator that the local AWS uses."""

import copy
import json
from dataclasses import replace
from pathlib import Path

from local.iam.operations import Access, common_context
from local.iam.policies import AccessRequest, denial, evaluate, evaluate_trust
from local.iam.principals import Principal, role_arn
from local.pipeline.iam.roles import read_policies
from local.pipeline.identifiers import arn

ROOT = Path(__file__).parents[4]
USED = json.loads((ROOT / "infra" / "iam" / "used_actions.json").read_text())
CONTEXTS = {"iam:PassRole": {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}}
ECS = arn("ecs", "cluster/lantern")
# Who assumes which role, for what
TRUSTED = [
    ("codepipeline", "lantern-pipeline", arn("codepipeline", "lantern")),
    ("codebuild", "lantern-build", arn("codebuild", "build/lantern-build:1")),
    ("codedeploy", "lantern-deployer", arn("codedeploy", "deploymentgroup:lantern/catalog")),
    ("lambda", "lantern-smoke-hook", ""),
    ("events", "lantern-pipeline-StartOnPushRole", ""),
    ("lambda", "lantern-dora-collect", ""),
    ("lambda", "lantern-dora-compute", ""),
    *(
        ("ecs-tasks", f"lantern-{name}-{kind}", ECS)
        for name in ("catalog", "orders", "storefront")
        for kind in ("task", "execution")
    ),
]
# What AWS's services themselves do on a resource that has a policy: service, action, resource, for what
TOPIC, QUEUE = arn("sns", "lantern-announcements"), arn("sqs", "lantern-dora")
RULES = ("pipeline", "deployments", "pushes", "alarms", "records")
DELIVERED = [
    ("events", "sns:Publish", TOPIC, ""),
    ("cloudwatch", "sns:Publish", TOPIC, arn("cloudwatch", "alarm:lantern-catalog-failing")),
    *(
        ("events", "sqs:SendMessage", queue, arn("events", f"rule/lantern-dora-{rule}"))
        for rule in RULES
        for queue in (QUEUE, f"{QUEUE}-dead-letters")
    ),
    (
        "events",
        "lambda:InvokeFunction",
        arn("lambda", "function:lantern-dora-compute"),
        arn("events", "rule/lantern-dora-every-hour"),
    ),
    (
        "logdelivery.elasticloadbalancing",
        "s3:PutObject",
        "arn:aws:s3:::lantern-logs-111122223333-us-east-1/alb/public/AWSLogs/111122223333/elasticloadbalancing/x.log.gz",
        arn("elasticloadbalancing", "loadbalancer/app/lantern-public/0123456789abcdef"),
    ),
]


def templates():
    """The templates' policies, to be changed."""
    return copy.deepcopy(read_policies())


def denials(policies):
    """AWS's sentence about everything that a rehearsal does and these policies do not allow."""
    return [*_roles(policies), *_trust(policies), *_deliveries(policies)]


def _roles(policies):
    for role, entries in USED.items():
        for action, resource in entries:
            access = Access(action, resource, CONTEXTS.get(action, {}))
            request = AccessRequest(
                principal=Principal(role, "session"),
                action=action,
                resource=resource,
                context=common_context() | access.context,
            )
            bucket = policies.resources.get(resource.partition("/")[0])
            decision = evaluate(request, policies.roles[role].policies.values(), bucket)
            if not decision.is_allowed:
                yield denial(request, decision)


def _trust(policies):
    for service, role, source in TRUSTED:
        request = AccessRequest(
            principal=Principal(f"{service}.amazonaws.com"),
            action="sts:AssumeRole",
            resource=role_arn(role),
            context=common_context(source),
        )
        decision = evaluate_trust(request, policies.roles[role].trust)
        if not decision.is_allowed:
            yield denial(request, decision)


def _deliveries(policies):
    for service, action, resource, source in DELIVERED:
        request = AccessRequest(
            principal=Principal(f"{service}.amazonaws.com"),
            action=action,
            resource=resource,
            context=common_context(source),
        )
        owner = resource.partition("/")[0] if action.startswith("s3:") else resource
        decision = evaluate(request, [], policies.resources[owner])
        if not decision.is_allowed:
            yield denial(request, decision)


def statements(policies, role):
    """Every statement of a role's policies."""
    return [entry for policy in policies.roles[role].policies.values() for entry in policy["Statement"]]


def statement(policies, role, sid):
    return next(entry for entry in statements(policies, role) if entry.get("Sid") == sid)


def without(policies, role, action):
    """Take one action away from a role."""
    for entry in statements(policies, role):
        named = entry["Action"] if isinstance(entry["Action"], list) else [entry["Action"]]
        entry["Action"] = [name for name in named if name != action]


def trusting(policies, role, trust):
    """Give a role another trust policy."""
    policies.roles[role] = replace(policies.roles[role], trust=trust)
