"""A Lambda function with its own log group and a role that may write there and do what it is given."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.log_group import log_group, write_logs
from infra.constructs.role import role


class LambdaFunction(Construct):
    """Python 3.14 on arm64. `properties` are those of `aws_lambda.Function`."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        function_name: str,
        role_name: str,
        log_group_name: str,
        statements: Iterable[iam.PolicyStatement],
        **properties: Any,
    ) -> None:
        super().__init__(scope, name)
        group = log_group(self, "LogGroup", log_group_name)
        execution_role = role(
            self, "Role", role_name, "lambda", [*statements, write_logs(group.log_group_arn)]
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            # Imported, or CDK would add wider statements to the role, and a dependency that exists anyway
            role=iam.Role.from_role_arn(self, "imported", execution_role.role_arn, mutable=False),
            log_group=group,
            **properties,
        )
