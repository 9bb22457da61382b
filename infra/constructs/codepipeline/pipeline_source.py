"""Where the commits come from: a CodeCommit repository of its own, or a connection to somebody else's."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.stack import arn
from infra.shop import PIPELINE, PROJECT

SOURCE_ARTIFACT = "source"
# A policy needs some ARN there even while the connection is not used
NO_CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/none"


class PipelineSource(Construct):
    """Parameter `SourceProvider`: `CodeCommit` or `Connection` (GitHub, GitLab, Bitbucket)."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "pipeline_source")
        provider = self._parameter(
            "SourceProvider",
            default="CodeCommit",
            allowed_values=["CodeCommit", "Connection"],
            description="CodeCommit: this stack makes a repository; Connection: name it below",
        )
        self._branch = self._parameter(
            "BranchName", default="main", description="The branch whose commits are deployed"
        )
        self._connection = self._parameter(
            "ConnectionArn",
            default=NO_CONNECTION,
            description="CodeConnections connection, with SourceProvider=Connection",
        )
        self._repository_id = self._parameter(
            "FullRepositoryId", default="", description="owner/name, with SourceProvider=Connection"
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
        repository = codecommit.CfnRepository(
            self, "Repository", repository_name=PROJECT, repository_description="The lantern shop"
        )
        for resource in (repository, *self._start_on_push()):
            resource.cfn_options.condition = self._uses_codecommit

    def _parameter(self, name: str, **properties: Any) -> cdk.CfnParameter:
        return cdk.CfnParameter(self, name, **properties)

    def action(self) -> cdk.IResolvable:
        """The pipeline's source action for whichever provider was chosen."""
        return cdk.Fn.condition_if(
            self._uses_codecommit.logical_id,
            _action(
                "CodeCommit",
                {
                    "RepositoryName": PROJECT,
                    "BranchName": self._branch.value_as_string,
                    "PollForSourceChanges": "false",  # the event rule tells it
                },
            ),
            _action(
                "CodeStarSourceConnection",
                {
                    "ConnectionArn": self._connection.value_as_string,
                    "FullRepositoryId": self._repository_id.value_as_string,
                    "BranchName": self._branch.value_as_string,
                    "DetectChanges": "true",
                },
            ),
        )

    def statement(self) -> cdk.IResolvable:
        """What the pipeline's role may do to fetch the source, for the chosen provider only."""
        return cdk.Fn.condition_if(
            self._uses_codecommit.logical_id,
            {
                "Sid": "FetchSource",
                "Effect": "Allow",
                "Action": [
                    "codecommit:CancelUploadArchive",
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetUploadArchiveStatus",
                    "codecommit:UploadArchive",
                ],
                "Resource": arn("codecommit", PROJECT),
            },
            {
                "Sid": "FetchSource",
                "Effect": "Allow",
                "Action": ["codeconnections:UseConnection", "codestar-connections:UseConnection"],
                "Resource": self._connection.value_as_string,
            },
        )

    def _start_on_push(self) -> list[cdk.CfnResource]:
        pipeline = arn("codepipeline", PIPELINE)
        role = iam.CfnRole(
            self,
            "StartOnPushRole",
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="least",
                    policy_document={
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Sid": "StartPipeline",
                                "Effect": "Allow",
                                "Action": "codepipeline:StartPipelineExecution",
                                "Resource": pipeline,
                            }
                        ],
                    },
                )
            ],
        )
        rule = events.CfnRule(
            self,
            "StartOnPush",
            description="A push to the branch starts the pipeline",
            event_pattern={
                "source": ["aws.codecommit"],
                "detail-type": ["CodeCommit Repository State Change"],
                "resources": [arn("codecommit", PROJECT)],
                "detail": {
                    "event": ["referenceCreated", "referenceUpdated"],
                    "referenceType": ["branch"],
                    "referenceName": [self._branch.value_as_string],
                },
            },
            targets=[events.CfnRule.TargetProperty(id="pipeline", arn=pipeline, role_arn=role.attr_arn)],
        )
        return [role, rule]


def _action(provider: str, configuration: dict[str, str]) -> dict[str, Any]:
    """In CloudFormation's own spelling: it stands inside an Fn::If."""
    return {
        "Name": "Source",
        "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": provider, "Version": "1"},
        "Configuration": {**configuration, "OutputArtifactFormat": "CODE_ZIP"},
        "OutputArtifacts": [{"Name": SOURCE_ARTIFACT}],
        "RunOrder": 1,
    }
