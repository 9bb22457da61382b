"""IAM roles with one inline policy that names what they may do."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

# Services whose guides have a page "Cross-service confused deputy prevention" about roles that they assume,
# such as https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html
NAMES_ITS_ACCOUNT = ("codebuild", "codedeploy", "codepipeline")


def role(
    scope: Construct,
    name: str,
    role_name: str | None,
    service: str | iam.ServicePrincipal,
    statements: Iterable[iam.PolicyStatement],
) -> iam.Role:
    """A role for an AWS service: `lambda` is lambda.amazonaws.com. Without `role_name` AWS names it."""
    principal = _principal(service) if isinstance(service, str) else service
    return iam.Role(
        scope,
        name,
        role_name=role_name,
        assumed_by=principal,
        inline_policies={"least": iam.PolicyDocument(statements=list(statements))},
    )


def _principal(service: str) -> iam.ServicePrincipal:
    """The service; those that say for whom they act do so for this account only."""
    condition = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    return iam.ServicePrincipal(
        f"{service}.amazonaws.com", conditions=condition if service in NAMES_ITS_ACCOUNT else None
    )
