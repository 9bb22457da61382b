"""Where the pipeline's commits come from: a CodeCommit repository, or a connection to GitHub and the like."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.role import role
from infra.constructs.stack import arn, cfn_resource
from infra.shop import EXAMPLE_ACCOUNT, PIPELINE, PROJECT

SOURCE_ARTIFACT = "source"
# A policy needs some ARN there even while the connection is not used
NO_CONNECTION = f"arn:aws:codeconnections:us-east-1:{EXAMPLE_ACCOUNT}:connection/none"


class PipelineSource(Construct):
    """Parameter `SourceProvider`: `CodeCommit` makes a repository, `Connection` uses one of GitHub's."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "pipeline_source")
        provider = cdk.CfnParameter(
            self,
            "SourceProvider",
            default="CodeCommit",
            allowed_values=["CodeCommit", "Connection"],
            description="CodeCommit: this stack makes a repository; Connection: name it below",
        )
        self._branch = cdk.CfnParameter(
            self, "BranchName", default="main", description="The branch whose commits are deployed"
        )
        self._connection = cdk.CfnParameter(
            self,
            "ConnectionArn",
            default=NO_CONNECTION,
            description="CodeConnections connection, with SourceProvider=Connection",
        )
        self._repository_id = cdk.CfnParameter(
            self, "FullRepositoryId", default="", description="owner/name, with SourceProvider=Connection"
        )
        self._uses_codecommit = cdk.CfnCondition(
            self, "UsesCodeCommit", expression=cdk.Fn.condition_equals(provider.value_as_string, "CodeCommit")
        )
        cdk.CfnRule(
            self,
            "ConnectionIsNamed",
            rule_condition=cdk.Fn.condition_equals(provider.value_as_string, "Connection"),
            assertions=[
                cdk.CfnRuleAssertion(
                    assert_=cdk.Fn.condition_not(cdk.Fn.condition_equals(parameter.value_as_string, none)),
                    assert_description=f"SourceProvider=Connection needs {parameter.logical_id}",
                )
                for parameter, none in ((self._connection, NO_CONNECTION), (self._repository_id, ""))
            ],
        )
        repository = codecommit.Repository(
            self, "Repository", repository_name=PROJECT, description="The lantern shop"
        )
        for construct in (repository, *self._start_on_push()):
            cfn_resource(construct).cfn_options.condition = self._uses_codecommit

    def action(self) -> cdk.IResolvable:
        """The pipeline's source action for the provider that was chosen."""
        return cdk.Fn.condition_if(
            self._uses_codecommit.logical_id,
            self._action(
                "CodeCommit",
                RepositoryName=PROJECT,
                PollForSourceChanges="false",  # the event rule starts the pipeline
            ),
            self._action(
                "CodeStarSourceConnection",
                ConnectionArn=self._connection.value_as_string,
                FullRepositoryId=self._repository_id.value_as_string,
                DetectChanges="true",
            ),
        )

    def _action(self, provider: str, **configuration: str) -> dict[str, Any]:
        """A source action in CloudFormation's own spelling, which it needs inside an Fn::If."""
        configuration |= {
            "BranchName": self._branch.value_as_string,
            "OutputArtifactFormat": "CODE_ZIP",
        }
        return {
            "Name": "Source",
            "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": provider, "Version": "1"},
            "Configuration": configuration,
            "OutputArtifacts": [{"Name": SOURCE_ARTIFACT}],
            "RunOrder": 1,
        }

    def statement(self) -> cdk.IResolvable:
        """The policy statement by which the pipeline may fetch commits from the provider that was chosen."""
        return cdk.Fn.condition_if(
            self._uses_codecommit.logical_id,
            _fetch_source(
                [
                    "codecommit:CancelUploadArchive",
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetUploadArchiveStatus",
                    "codecommit:UploadArchive",
                ],
                arn("codecommit", PROJECT),
            ),
            _fetch_source(
                ["codeconnections:UseConnection", "codestar-connections:UseConnection"],
                self._connection.value_as_string,
            ),
        )

    def _start_on_push(self) -> list[Construct]:
        """A rule that starts the pipeline at each push to the branch, and the rule's role."""
        pipeline = arn("codepipeline", PIPELINE)
        start = iam.PolicyStatement(
            sid="StartPipeline", actions=["codepipeline:StartPipelineExecution"], resources=[pipeline]
        )
        event_role = role(self, "StartOnPushRole", None, "events", [start])
        rule = events.Rule(
            self,
            "StartOnPush",
            description="A push to the branch starts the pipeline",
            event_pattern=events.EventPattern(
                source=["aws.codecommit"],
                detail_type=["CodeCommit Repository State Change"],
                resources=[arn("codecommit", PROJECT)],
                detail={
                    "event": ["referenceCreated", "referenceUpdated"],
                    "referenceType": ["branch"],
                    "referenceName": [self._branch.value_as_string],
                },
            ),
            targets=[
                targets.CodePipeline(
                    codepipeline.Pipeline.from_pipeline_arn(self, "pipeline", pipeline),
                    event_role=event_role.without_policy_updates(),
                )
            ],
        )
        return [event_role, rule]


def _fetch_source(actions: list[str], resource: str) -> dict[str, Any]:
    """A policy statement in CloudFormation's own spelling, which it needs inside an Fn::If."""
    return {"Sid": "FetchSource", "Effect": "Allow", "Action": actions, "Resource": resource}
