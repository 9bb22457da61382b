"""The two functions of the `dora` package, each with a role that does its part and no more."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.log_group import log_group
from infra.constructs.stack import arn, take
from infra.shop import (
    CODEDEPLOY_APPLICATION,
    DORA_COLLECT,
    DORA_COMPUTE,
    DORA_NAMESPACE,
    DORA_WINDOWS_DAYS,
    PIPELINE,
    PROJECT,
    SERVICES,
)

HANDLERS = "dora.aws_lambda.handlers"
RUNTIME = "python3.14"
TIMEOUTS_S = {DORA_COLLECT: 60, DORA_COMPUTE: 300}
MEMORY_MB = 512
BATCH, WAIT_S = 100, 20  # a deployment's events come close together: one computation for them
COLLECTORS = 2


class DoraFunctions(Construct):
    """Parameter `DoraCodeKey`: where in the artifact bucket the package lies; `make deploy` puts it there."""

    def __init__(self, scope: Construct, *, table: dynamodb.CfnTable, queue: sqs.CfnQueue) -> None:
        super().__init__(scope, "functions")
        self._code = cdk.CfnParameter(
            self,
            "DoraCodeKey",
            allowed_pattern=r"dora/[\w.-]+\.zip",
            description="The dora package as a zip file: its key in the artifact bucket",
        )
        self.collect = self._function(
            "Collect",
            DORA_COLLECT,
            "Keeps each delivery event once",
            {"TABLE": table.ref, "COMPUTE": DORA_COMPUTE},
            [*_take_messages(queue), _put(table, "envelope"), _call_compute()],
        )
        self.compute = self._function(
            "Compute",
            DORA_COMPUTE,
            "Makes the five DORA metrics of what is kept and what the APIs say",
            {
                "TABLE": table.ref,
                "PIPELINE": PIPELINE,
                "REPOSITORY": PROJECT,
                "WINDOWS": ",".join(map(str, DORA_WINDOWS_DAYS)),
            },
            [_put(table, "deployment", "commit", "report"), _read(table), *_ask_aws(), _publish()],
        )
        self._feed(queue)
        self._every_hour()

    def _function(
        self,
        name: str,
        function_name: str,
        description: str,
        variables: dict[str, str],
        statements: Iterable[iam.PolicyStatement],
    ) -> lambda_.CfnFunction:
        group = log_group(self, f"{name}LogGroup", log_group_name(function_name))
        role = iam.Role(
            self,
            f"{name}Role",
            role_name=function_name,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "least": iam.PolicyDocument(statements=[*statements, _write_logs(function_name)])
            },
        )
        return lambda_.CfnFunction(
            self,
            name,
            function_name=function_name,
            description=description,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{HANDLERS}.{name.lower()}",
            code=lambda_.CfnFunction.CodeProperty(
                s3_bucket=take("foundation", "ArtifactBucket"), s3_key=self._code.value_as_string
            ),
            role=role.role_arn,
            timeout=TIMEOUTS_S[function_name],
            memory_size=MEMORY_MB,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group.log_group_name),
            environment=lambda_.CfnFunction.EnvironmentProperty(variables=variables),
        )

    def _feed(self, queue: sqs.CfnQueue) -> None:
        lambda_.CfnEventSourceMapping(
            self,
            "Feed",
            function_name=self.collect.ref,
            event_source_arn=queue.attr_arn,
            batch_size=BATCH,
            maximum_batching_window_in_seconds=WAIT_S,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=COLLECTORS
            ),
        )

    def _every_hour(self) -> None:
        rule = events.CfnRule(
            self,
            "EveryHour",
            name=f"{PROJECT}-dora-every-hour",
            description="Windows move on and events get lost: compute, whatever happened",
            schedule_expression="rate(1 hour)",
            targets=[events.CfnRule.TargetProperty(id="compute", arn=self.compute.attr_arn)],
        )
        lambda_.CfnPermission(
            self,
            "EveryHourMayCompute",
            action="lambda:InvokeFunction",
            function_name=self.compute.ref,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )


def log_group_name(function_name: str) -> str:
    """`/lantern/dora-compute` for lantern-dora-compute."""
    return f"/{PROJECT}/{function_name.removeprefix(f'{PROJECT}-')}"


def _write_logs(function_name: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="WriteLogs",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[arn("logs", f"log-group:{log_group_name(function_name)}:*")],
    )


def _take_messages(queue: sqs.CfnQueue) -> list[iam.PolicyStatement]:
    actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    return [iam.PolicyStatement(sid="TakeMessages", actions=actions, resources=[queue.attr_arn])]


def _put(table: dynamodb.CfnTable, *kinds: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="PutOwnKinds",
        actions=["dynamodb:PutItem"],
        resources=[table.attr_arn],
        conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(kinds)}},
    )


def _read(table: dynamodb.CfnTable) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="ReadTable", actions=["dynamodb:GetItem", "dynamodb:Query"], resources=[table.attr_arn]
    )


def _call_compute() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="CallCompute",
        actions=["lambda:InvokeFunction"],
        resources=[arn("lambda", f"function:{DORA_COMPUTE}")],
    )


def _ask_aws() -> list[iam.PolicyStatement]:
    groups = [
        arn("codedeploy", f"deploymentgroup:{CODEDEPLOY_APPLICATION}/{service.name}") for service in SERVICES
    ]
    return [
        iam.PolicyStatement(
            sid="AskPipeline",
            actions=["codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions"],
            resources=[arn("codepipeline", PIPELINE)],
        ),
        iam.PolicyStatement(
            sid="AskDeployments",
            actions=["codedeploy:BatchGetDeployments", "codedeploy:ListDeployments"],
            resources=groups,
        ),
        # CodeDeploy knows no resources for these two
        iam.PolicyStatement(
            sid="AskTargets",
            actions=["codedeploy:BatchGetDeploymentTargets", "codedeploy:ListDeploymentTargets"],
            resources=["*"],
        ),
        iam.PolicyStatement(
            sid="AskCommits", actions=["codecommit:GetCommit"], resources=[arn("codecommit", PROJECT)]
        ),
    ]


def _publish() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="PublishOwnMetrics",
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": DORA_NAMESPACE}},
    )
