"""The events of deliveries that EventBridge has, AWS's own and those that people report, in one SQS queue."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.stack import arn
from infra.shop import CODEDEPLOY_APPLICATION, DORA_SOURCE, PIPELINE, PROJECT, SERVICES

RETENTION = cdk.Duration.days(14)  # the longest that SQS keeps a message
VISIBILITY_TIMEOUT = cdk.Duration.minutes(6)  # six times the function's own timeout, as Lambda asks for
RECEIVES = 5  # of a message before it goes to the dead-letter queue

# Rule: (what it takes, its pattern)
RULES = {
    "Pipeline": (
        "Every change of the pipeline's executions, stages and actions",
        events.EventPattern(
            source=["aws.codepipeline"],
            detail_type=[
                f"CodePipeline {level} Execution State Change" for level in ("Pipeline", "Stage", "Action")
            ],
            detail={"pipeline": [PIPELINE]},
        ),
    ),
    "Deployments": (
        "Every change of the shop's deployments",
        events.EventPattern(
            source=["aws.codedeploy"],
            detail_type=["CodeDeploy Deployment State-change Notification"],
            detail={"application": [CODEDEPLOY_APPLICATION]},
        ),
    ),
    "Pushes": (
        "Pushes to the shop's repository, where CodeCommit has it",
        events.EventPattern(
            source=["aws.codecommit"],
            detail_type=["CodeCommit Repository State Change"],
            resources=[arn("codecommit", PROJECT)],
            detail={"event": ["referenceCreated", "referenceUpdated"]},
        ),
    ),
    "Alarms": (
        "Every change of the services' alarms",
        events.EventPattern(
            source=["aws.cloudwatch"],
            detail_type=["CloudWatch Alarm State Change"],
            detail={"alarmName": [{"prefix": f"{PROJECT}-{service.name}-"} for service in SERVICES]},
        ),
    ),
    "Records": (
        "Deployments and incidents that somebody reports: docs/dora.md",
        events.EventPattern(source=[DORA_SOURCE], detail_type=["Deployment Record", "Incident Record"]),
    ),
}


class EventQueue(Construct):
    """`queue` gets each event at least once; `dead_letters` those that could not be delivered or handled."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "event_queue")
        self.dead_letters = self._queue("DeadLetters", f"{PROJECT}-dora-dead-letters")
        self.queue = self._queue(
            "Queue",
            f"{PROJECT}-dora",
            visibility_timeout=VISIBILITY_TIMEOUT,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=RECEIVES),
        )
        for name, (description, pattern) in RULES.items():
            events.Rule(
                self,
                name,
                rule_name=f"{PROJECT}-dora-{name.lower()}",
                description=description,
                event_pattern=pattern,
                targets=[targets.SqsQueue(self.queue, dead_letter_queue=self.dead_letters)],
            )

    def _queue(self, name: str, queue_name: str, **properties: Any) -> sqs.Queue:
        """A queue encrypted with SQS's own keys: EventBridge can't write with AWS's KMS key for SQS."""
        return sqs.Queue(
            self,
            name,
            queue_name=queue_name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
            **properties,
        )
