"""The SNS topic of alarms, failed pipelines, failed deployments and critical findings in images."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.stack import cfn_resource
from infra.shop import CODEDEPLOY_APPLICATION, PIPELINE, PROJECT, SERVICES

# Each event that is published: what it means, and its pattern
EVENTS = {
    "FailedPipeline": (
        "The pipeline failed",
        events.EventPattern(
            source=["aws.codepipeline"],
            detail_type=["CodePipeline Pipeline Execution State Change"],
            detail={"pipeline": [PIPELINE], "state": ["FAILED"]},
        ),
    ),
    "FailedDeployment": (
        "A deployment failed or was stopped",
        events.EventPattern(
            source=["aws.codedeploy"],
            detail_type=["CodeDeploy Deployment State-change Notification"],
            detail={"application": [CODEDEPLOY_APPLICATION], "state": ["FAILURE", "STOP"]},
        ),
    ),
    "CriticalFinding": (
        "An image that was pushed has a critical finding",
        events.EventPattern(
            source=["aws.ecr"],
            detail_type=["ECR Image Scan"],
            detail={
                "repository-name": [service.repository for service in SERVICES],
                "finding-severity-counts": {"CRITICAL": [{"exists": True}]},
            },
        ),
    ),
}


class Notifications(Construct):
    """The topic and its rules. Parameter `NotifyEmail`: an address that is subscribed; empty: nobody is."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "notifications")
        self.topic = sns.Topic(self, "Topic", topic_name=f"{PROJECT}-announcements", enforce_ssl=True)
        self._let_publish()
        self._subscribe()
        # As an imported topic: CDK would add a second statement to the policy, for each rule
        imported = sns.Topic.from_topic_arn(self, "imported", self.topic.topic_arn)
        for name, (description, pattern) in EVENTS.items():
            events.Rule(
                self,
                name,
                description=description,
                event_pattern=pattern,
                targets=[targets.SnsTopic(imported)],
            )

    def _let_publish(self) -> None:
        """Let CloudWatch and EventBridge publish.

        EventBridge gives SNS nothing that a condition could look at: with one, its events are dropped in
        silence. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
        """
        own_account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        for sid, publisher, conditions in (("Alarms", "cloudwatch", own_account), ("Events", "events", None)):
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    principals=[iam.ServicePrincipal(f"{publisher}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    conditions=conditions,
                )
            )

    def _subscribe(self) -> None:
        email = cdk.CfnParameter(
            self, "NotifyEmail", default="", description="Who is told of alarms and failures; empty: nobody"
        )
        with_email = cdk.CfnCondition(
            self,
            "WithEmail",
            expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(email.value_as_string, "")),
        )
        subscription = sns.Subscription(
            self,
            "EmailSubscription",
            topic=self.topic,
            protocol=sns.SubscriptionProtocol.EMAIL,
            endpoint=email.value_as_string,
        )
        cfn_resource(subscription).cfn_options.condition = with_email
