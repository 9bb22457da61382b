"""The two functions of the `dora` package: code, memory, timeout, schedule, and the role of each."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.codedeploy.deployment_group import deployment_group_arns
from infra.constructs.lambda_function import LambdaFunction
from infra.constructs.stack import arn, import_value
from infra.shop import (
    DORA_COLLECT,
    DORA_COMPUTE,
    DORA_NAMESPACE,
    DORA_WINDOWS_DAYS,
    PIPELINE,
    PROJECT,
)

HANDLERS = "dora.aws_lambda.handlers"
TIMEOUTS = {DORA_COLLECT: cdk.Duration.minutes(1), DORA_COMPUTE: cdk.Duration.minutes(5)}
MEMORY_MB = 512
# A deployment's events come close together: one call and one computation for them
BATCH_SIZE, BATCH_WINDOW = 100, cdk.Duration.seconds(20)
MAX_CONCURRENCY = 2
LOG_GROUPS = {DORA_COLLECT: f"/{PROJECT}/dora-collect", DORA_COMPUTE: f"/{PROJECT}/dora-compute"}


class DoraFunctions(Construct):
    """`collect` stores each event of the queue once; `compute` makes the metrics after it and every hour.

    Parameter `DoraCodeKey`: the key of the package in the artifact bucket; `make deploy` uploads it.
    """

    def __init__(self, scope: Construct, *, table: dynamodb.Table, queue: sqs.Queue) -> None:
        super().__init__(scope, "functions")
        key = cdk.CfnParameter(
            self,
            "DoraCodeKey",
            allowed_pattern=r"dora/[\w.-]+\.zip",
            description="The dora package as a zip file: its key in the artifact bucket",
        )
        bucket = s3.Bucket.from_bucket_name(self, "bucket", import_value("foundation", "ArtifactBucket"))
        self._code = lambda_.Code.from_bucket(bucket, key.value_as_string)
        self.collect = self._function(
            "Collect",
            DORA_COLLECT,
            "Keeps each delivery event once",
            {"TABLE": table.table_name, "COMPUTE": DORA_COMPUTE},
            [*_take_messages(queue), _put(table, "envelope"), _call_compute()],
        )
        self.compute = self._function(
            "Compute",
            DORA_COMPUTE,
            "Makes the five DORA metrics of what is kept and what the APIs say",
            {
                "TABLE": table.table_name,
                "PIPELINE": PIPELINE,
                "ALARMS": f"{PROJECT}-",
                "WINDOWS": ",".join(map(str, DORA_WINDOWS_DAYS)),
            },
            [
                _put(table, "deployment", "trigger", "commit", "report"),
                _read(table),
                *_ask_aws(),
                _publish(),
            ],
        )
        lambda_.EventSourceMapping(
            self,
            "Feed",
            target=self.collect,
            event_source_arn=queue.queue_arn,
            batch_size=BATCH_SIZE,
            max_batching_window=BATCH_WINDOW,
            report_batch_item_failures=True,
            max_concurrency=MAX_CONCURRENCY,
        )
        events.Rule(
            self,
            "EveryHour",
            rule_name=f"{PROJECT}-dora-every-hour",
            description="Windows move on and events get lost: compute, whatever happened",
            schedule=events.Schedule.rate(cdk.Duration.hours(1)),
            targets=[targets.LambdaFunction(self.compute)],
        )

    def _function(
        self,
        name: str,
        function_name: str,
        description: str,
        variables: dict[str, str],
        statements: list[iam.PolicyStatement],
    ) -> lambda_.Function:
        return LambdaFunction(
            self,
            name,
            function_name=function_name,
            role_name=function_name,
            log_group_name=LOG_GROUPS[function_name],
            statements=statements,
            description=description,
            handler=f"{HANDLERS}.{name.lower()}",
            code=self._code,
            timeout=TIMEOUTS[function_name],
            memory_size=MEMORY_MB,
            environment=variables,
        ).function


def _take_messages(queue: sqs.Queue) -> list[iam.PolicyStatement]:
    actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    return [iam.PolicyStatement(sid="TakeMessages", actions=actions, resources=[queue.queue_arn])]


def _put(table: dynamodb.Table, *kinds: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="PutOwnKinds",
        actions=["dynamodb:PutItem"],
        resources=[table.table_arn],
        conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(kinds)}},
    )


def _read(table: dynamodb.Table) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="ReadTable", actions=["dynamodb:GetItem", "dynamodb:Query"], resources=[table.table_arn]
    )


def _call_compute() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="CallCompute",
        actions=["lambda:InvokeFunction"],
        resources=[arn("lambda", f"function:{DORA_COMPUTE}")],
    )


def _ask_aws() -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(
            sid="AskPipeline",
            actions=[
                "codepipeline:GetPipeline",
                "codepipeline:GetPipelineExecution",
                "codepipeline:ListActionExecutions",
                "codepipeline:ListPipelineExecutions",
            ],
            resources=[arn("codepipeline", PIPELINE)],
        ),
        iam.PolicyStatement(
            sid="AskDeployments",
            actions=["codedeploy:BatchGetDeployments", "codedeploy:ListDeployments"],
            resources=deployment_group_arns(),
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
        iam.PolicyStatement(
            sid="AskAlarms",
            actions=["cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"],
            resources=[arn("cloudwatch", "alarm:*")],
        ),
        # X-Ray knows no resource for traces
        iam.PolicyStatement(sid="AskTraces", actions=["xray:GetTraceSummaries"], resources=["*"]),
    ]


def _publish() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="PublishOwnMetrics",
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": DORA_NAMESPACE}},
    )
