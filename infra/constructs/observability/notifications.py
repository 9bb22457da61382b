"""Who is told: one topic for alarms, failed pipelines, failed deployments and critical findings in images."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.shop import CODEDEPLOY_APPLICATION, PIPELINE, PROJECT, SERVICES


class Notifications(Construct):
    """Parameter `NotifyEmail`: an address gets everything; empty: the topic is there to be subscribed to."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "notifications")
        topic = sns.Topic(self, "Topic", topic_name=f"{PROJECT}-announcements", enforce_ssl=True)
        self.topic_arn = topic.topic_arn
        for sid, publisher in (("Alarms", "cloudwatch"), ("Events", "events")):
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[iam.ServicePrincipal(f"{publisher}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
                )
            )
        self._subscribe()
        self._announce(
            "FailedPipeline",
            "The pipeline failed",
            {
                "source": ["aws.codepipeline"],
                "detail-type": ["CodePipeline Pipeline Execution State Change"],
                "detail": {"pipeline": [PIPELINE], "state": ["FAILED"]},
            },
        )
        self._announce(
            "FailedDeployment",
            "A deployment failed or was stopped",
            {
                "source": ["aws.codedeploy"],
                "detail-type": ["CodeDeploy Deployment State-change Notification"],
                "detail": {"application": [CODEDEPLOY_APPLICATION], "state": ["FAILURE", "STOP"]},
            },
        )
        self._announce(
            "CriticalFinding",
            "An image that was pushed has a critical finding",
            {
                "source": ["aws.ecr"],
                "detail-type": ["ECR Image Scan"],
                "detail": {
                    "repository-name": [service.repository for service in SERVICES],
                    "finding-severity-counts": {"CRITICAL": [{"exists": True}]},
                },
            },
        )

    def _subscribe(self) -> None:
        email = cdk.CfnParameter(
            self, "NotifyEmail", default="", description="Who is told of alarms and failures; empty: nobody"
        )
        wanted = cdk.CfnCondition(
            self,
            "WithEmail",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(email.value_as_string, "")),
        )
        subscription = sns.CfnSubscription(
            self,
            "EmailSubscription",
            topic_arn=self.topic_arn,
            protocol="email",
            endpoint=email.value_as_string,
        )
        subscription.cfn_options.condition = wanted

    def _announce(self, name: str, description: str, pattern: dict[str, Any]) -> None:
        events.CfnRule(
            self,
            name,
            description=description,
            event_pattern=pattern,
            targets=[events.CfnRule.TargetProperty(id="topic", arn=self.topic_arn)],
        )
