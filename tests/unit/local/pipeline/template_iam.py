"""The templates' own roles, judged in this process by the evaluator that the local AWS uses."""

import copy

import botocore.exceptions

from local.iam.operations import common_context
from local.iam.policies import AccessRequest, denial, evaluate, evaluate_trust
from local.iam.principals import Principal
from local.pipeline.iam.roles import read_policies
from local.pipeline.iam.sessions import AccessDenied


class TemplateIam:
    """In the place of `Sessions`: `used` is what was asked for, `aws` what every role acts with."""

    def __init__(self, aws, policies=None):
        self.aws, self.policies, self.used = aws, policies or copy.deepcopy(read_policies()), []

    def provide(self, policies):
        self.policies = policies

    def acting(self, service, role, session, source_arn=""):
        request = AccessRequest(
            principal=Principal(f"{service}.amazonaws.com"),
            action="sts:AssumeRole",
            resource=role,
            context=common_context(source_arn),
        )
        decision = evaluate_trust(request, self.policies.roles[role.rpartition("/")[2]].trust)
        if not decision.is_allowed:
            error = {"Error": {"Code": "AccessDenied", "Message": denial(request, decision)}}
            raise botocore.exceptions.ClientError(error, "AssumeRole")
        return self.aws

    def require(self, role, session, accesses):
        for access in accesses:
            self.judge(Principal(role.rpartition("/")[2], session), access)

    def judge(self, principal, access):
        """Raise AccessDenied unless the templates allow it."""
        self.used.append((principal.name, access.action, access.resource))
        request = AccessRequest(
            principal=principal,
            action=access.action,
            resource=access.resource,
            context=common_context() | access.context,
        )
        role = self.policies.roles.get(principal.name)
        decision = evaluate(request, role.policies.values() if role else [])
        if not decision.is_allowed:
            raise AccessDenied(denial(request, decision))
