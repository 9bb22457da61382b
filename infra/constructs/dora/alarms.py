"""The alarms that tell people that the DORA metrics can't be trusted, with their thresholds."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.dora.functions import DoraFunctions
from infra.constructs.observability.service_alarms import notify
from infra.constructs.stack import import_value
from infra.shop import DORA_COMPUTED, DORA_NAMESPACE, DORA_SILENT, PROJECT

SILENT_HOURS = 3
FIVE_MINUTES = cdk.Duration.minutes(5)


class DoraAlarms(Construct):
    """Events that could not be kept, functions that failed, metrics that nobody computed for hours."""

    def __init__(self, scope: Construct, *, dead_letters: sqs.Queue, functions: DoraFunctions) -> None:
        super().__init__(scope, "alarms")
        self._topic = sns.Topic.from_topic_arn(self, "topic", import_value("observability", "TopicArn"))
        self._alarm(
            "DeadLettersAlarm",
            f"{PROJECT}-dora-dead-letters",
            "events that could not be kept wait in the dead-letter queue",
            dead_letters.metric_approximate_number_of_messages_visible(
                statistic="Maximum", period=FIVE_MINUTES
            ),
        )
        for name, function in (("Collect", functions.collect), ("Compute", functions.compute)):
            self._alarm(
                f"{name}FailsAlarm",
                f"{PROJECT}-dora-{name.lower()}-fails",
                f"{PROJECT}-dora-{name.lower()} failed",
                function.metric_errors(period=FIVE_MINUTES),
            )
        # Goes off once for a new stack, until the first hour is over
        self._alarm(
            "SilentAlarm",
            DORA_SILENT,
            f"no computation for {SILENT_HOURS} hours; the dashboard shows old figures",
            cloudwatch.Metric(
                namespace=DORA_NAMESPACE,
                metric_name=DORA_COMPUTED,
                statistic="SampleCount",
                period=cdk.Duration.hours(1),
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=SILENT_HOURS,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def _alarm(
        self, name: str, alarm_name: str, meaning: str, metric: cloudwatch.IMetric, **condition: Any
    ) -> None:
        """An alarm that goes off above zero, where `condition` says nothing else."""
        above_zero: dict[str, Any] = {
            "threshold": 0,
            "comparison_operator": cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            "evaluation_periods": 1,
            "treat_missing_data": cloudwatch.TreatMissingData.NOT_BREACHING,
        }
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=alarm_name,
            alarm_description=f"DORA: {meaning}",
            metric=metric,
            **(above_zero | condition),
        )
        notify(alarm, self._topic)
