"""What EventBridge knows of deliveries, into one queue: AWS's own events of this shop, and our records."""

from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.stack import arn
from infra.shop import CODEDEPLOY_APPLICATION, DORA_SOURCE, PIPELINE, PROJECT, SERVICES

KEPT_S = 14 * 86400  # the longest that SQS keeps a message
VISIBILITY_S = 360  # six times the function's own time, as Lambda asks for
TRIES = 5

PATTERNS: dict[str, tuple[str, dict[str, Any]]] = {
    "Pipeline": (
        "Every change of the pipeline's executions, stages and actions",
        {
            "source": ["aws.codepipeline"],
            "detail-type": [
                f"CodePipeline {level} Execution State Change" for level in ("Pipeline", "Stage", "Action")
            ],
            "detail": {"pipeline": [PIPELINE]},
        },
    ),
    "Deployments": (
        "Every change of the shop's deployments",
        {
            "source": ["aws.codedeploy"],
            "detail-type": ["CodeDeploy Deployment State-change Notification"],
            "detail": {"application": [CODEDEPLOY_APPLICATION]},
        },
    ),
    "Pushes": (
        "Pushes to the shop's repository, where CodeCommit has it",
        {
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [arn("codecommit", PROJECT)],
            "detail": {"event": ["referenceCreated", "referenceUpdated"]},
        },
    ),
    "Alarms": (
        "Every change of the services' alarms",
        {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"alarmName": [{"prefix": f"{PROJECT}-{service.name}-"} for service in SERVICES]},
        },
    ),
    "Records": (
        "Deployments and incidents that somebody reports: docs/dora.md",
        {"source": [DORA_SOURCE], "detail-type": ["Deployment Record", "Incident Record"]},
    ),
}


class EventQueue(Construct):
    """`queue` gets each event at least once; `dead_letters` what nobody could take."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "event_queue")
        self.dead_letters = self._queue("DeadLetters", kept_s=KEPT_S)
        self.queue = self._queue(
            "Queue",
            kept_s=KEPT_S,
            visibility_timeout=VISIBILITY_S,
            redrive_policy={"deadLetterTargetArn": self.dead_letters.attr_arn, "maxReceiveCount": TRIES},
        )
        rules = [self._rule(name, *about) for name, about in PATTERNS.items()]
        for name, queue in (("Queue", self.queue), ("DeadLetters", self.dead_letters)):
            self._policy(name, queue, rules)

    def _queue(self, name: str, *, kept_s: int, **more: Any) -> sqs.CfnQueue:
        """SQS's own keys: EventBridge can't write where AWS's key for the service encrypts."""
        return sqs.CfnQueue(
            self,
            name,
            queue_name=f"{PROJECT}-dora{'-dead-letters' if name == 'DeadLetters' else ''}",
            sqs_managed_sse_enabled=True,
            message_retention_period=kept_s,
            **more,
        )

    def _rule(self, name: str, description: str, pattern: dict[str, Any]) -> events.CfnRule:
        dead_letters = events.CfnRule.DeadLetterConfigProperty(arn=self.dead_letters.attr_arn)
        target = events.CfnRule.TargetProperty(
            id="queue", arn=self.queue.attr_arn, dead_letter_config=dead_letters
        )
        return events.CfnRule(
            self,
            name,
            name=f"{PROJECT}-dora-{name.lower()}",
            description=description,
            event_pattern=pattern,
            targets=[target],
        )

    def _policy(self, name: str, queue: sqs.CfnQueue, rules: list[events.CfnRule]) -> None:
        document = iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="OurRules",
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.attr_arn],
                    conditions={
                        "ArnEquals": {"aws:SourceArn": [arn("events", f"rule/{rule.name}") for rule in rules]}
                    },
                ),
                iam.PolicyStatement(
                    sid="OnlyEncrypted",
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["sqs:*"],
                    resources=[queue.attr_arn],
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                ),
            ]
        )
        sqs.CfnQueuePolicy(self, f"{name}Policy", policy_document=document, queues=[queue.ref])
