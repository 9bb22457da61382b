"""Whether DORA's own machine works: for people, by the topic of the observability stack."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.dora.functions import DoraFunctions
from infra.constructs.stack import take
from infra.shop import DORA_COMPUTED, DORA_NAMESPACE, DORA_SILENT, PROJECT

SILENT_HOURS = 3


def dora_alarms(scope: Construct, *, dead_letters: sqs.CfnQueue, functions: DoraFunctions) -> None:
    """Events that nobody could read, functions that failed, figures that are old."""
    _alarm(
        scope,
        "DeadLettersAlarm",
        "dead-letters",
        "events that could not be kept wait in the dead-letter queue",
        cloudwatch.Metric(
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions_map={"QueueName": dead_letters.attr_queue_name},
            statistic="Maximum",
            period=cdk.Duration.minutes(5),
        ),
    )
    for name, function in (("Collect", functions.collect), ("Compute", functions.compute)):
        _alarm(
            scope,
            f"{name}FailsAlarm",
            f"{name.lower()}-fails",
            f"{function.function_name} failed",
            _errors(function),
        )
    _silence(scope)


def _errors(function: lambda_.CfnFunction) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions_map={"FunctionName": function.ref},
        statistic="Sum",
        period=cdk.Duration.minutes(5),
    )


def _alarm(scope: Construct, name: str, kind: str, meaning: str, metric: cloudwatch.IMetric) -> None:
    alarm = cloudwatch.Alarm(
        scope,
        name,
        alarm_name=f"{PROJECT}-dora-{kind}",
        alarm_description=f"DORA: {meaning}",
        metric=metric,
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    _tell(alarm)


def _silence(scope: Construct) -> None:
    """It rings once for a stack that is new, until the first hour is over."""
    alarm = cloudwatch.Alarm(
        scope,
        "SilentAlarm",
        alarm_name=DORA_SILENT,
        alarm_description=f"DORA: no computation for {SILENT_HOURS} hours; the dashboard shows old figures",
        metric=cloudwatch.Metric(
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
    _tell(alarm)


def _tell(alarm: cloudwatch.Alarm) -> None:
    resource = alarm.node.default_child
    if not isinstance(resource, cloudwatch.CfnAlarm):
        raise TypeError("an alarm's default child is its CfnAlarm")
    resource.alarm_actions = resource.ok_actions = [take("observability", "TopicArn")]
