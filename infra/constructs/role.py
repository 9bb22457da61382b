"""IAM roles with one inline policy that names what they may do."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam
from constructs import Construct


def role(
    scope: Construct,
    name: str,
    role_name: str | None,
    service: str | iam.ServicePrincipal,
    statements: Iterable[iam.PolicyStatement],
) -> iam.Role:
    """A role for an AWS service: `lambda` is lambda.amazonaws.com. Without `role_name` AWS names it."""
    principal = iam.ServicePrincipal(f"{service}.amazonaws.com") if isinstance(service, str) else service
    return iam.Role(
        scope,
        name,
        role_name=role_name,
        assumed_by=principal,
        inline_policies={"least": iam.PolicyDocument(statements=list(statements))},
    )
