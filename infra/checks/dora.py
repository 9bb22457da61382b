"""Rules for the DORA stack: no event is lost on its way, and none of another application is counted."""

from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import AwsFiles
from infra.shop import (
    CODEDEPLOY_APPLICATION,
    DORA_SILENT,
    DORA_SOURCE,
    EXAMPLE_ACCOUNT,
    EXAMPLE_REGION,
    PIPELINE,
    PROJECT,
    SERVICES,
)
from infra.template import Resource

STACK = f"{PROJECT}-dora"
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_PER_TIMEOUT = 6
# Source of events: (the field of a rule's pattern that leaves out other applications, its value)
OWN_EVENTS: dict[str, tuple[str, Any]] = {
    "aws.codepipeline": ("detail.pipeline", [PIPELINE]),
    "aws.codedeploy": ("detail.application", [CODEDEPLOY_APPLICATION]),
    "aws.codecommit": (
        "resources",
        [f"arn:aws:codecommit:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:{PROJECT}"],
    ),
    "aws.cloudwatch": (
        "detail.alarmName",
        [{"prefix": f"{PROJECT}-{service.name}-"} for service in SERVICES],
    ),
    DORA_SOURCE: ("detail-type", ["Deployment Record", "Incident Record"]),
}


def problems(files: AwsFiles) -> list[str]:
    """Resources by which a DORA metric would be wrong without anybody noticing."""
    if not any(resource.stack == STACK for resource in files.resources):
        return []
    rules = (_queues, _event_rules, _event_source_mappings, _handlers, _silent_alarm)
    return [problem for rule in rules for problem in rule(files)]


def _queues(files: AwsFiles) -> Iterator[str]:
    queues = _queues_by_arn(files)
    redrives = {arn: queue.properties.get("RedrivePolicy", {}) for arn, queue in queues.items()}
    dead_letter_queues = {redrive.get("deadLetterTargetArn") for redrive in redrives.values()}
    for arn, queue in queues.items():
        if arn not in dead_letter_queues and redrives[arn].get("deadLetterTargetArn") not in queues:
            yield f"{queue}: has no dead-letter queue; a message that can't be read would come back for ever"
        if not queue.properties.get("SqsManagedSseEnabled"):
            yield f"{queue}: SqsManagedSseEnabled must be true"
        if not any(_denies_without_tls(policy, arn) for policy in files.of_type("AWS::SQS::QueuePolicy")):
            yield f"{queue}: no policy denies what comes without TLS"


def _queues_by_arn(files: AwsFiles) -> dict[str, Resource]:
    return {f"<{queue.stack}.{queue.name}.Arn>": queue for queue in files.of_type("AWS::SQS::Queue")}


def _denies_without_tls(policy: Resource, arn: str) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Resource"] == arn
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy.properties["PolicyDocument"]["Statement"]
    )


def _event_rules(files: AwsFiles) -> Iterator[str]:
    rules = [
        rule
        for rule in files.of_type("AWS::Events::Rule")
        if rule.stack == STACK and "EventPattern" in rule.properties
    ]
    sources = {source for rule in rules for source in rule.properties["EventPattern"].get("source", [])}
    for source in sorted(set(OWN_EVENTS) - sources):
        yield f"{STACK}.json: no rule hears {source}"
    for rule in rules:
        for source in rule.properties["EventPattern"].get("source", ["(none)"]):
            path, expected = OWN_EVENTS.get(source, ("source", sorted(OWN_EVENTS)))
            value = _at(rule.properties["EventPattern"], path)
            if value != expected:
                yield (
                    f"{rule}: {path} is {value or 'not set'}, expected {expected}: "
                    "other events would be counted"
                )
        for target in rule.properties["Targets"]:
            if "DeadLetterConfig" not in target:
                yield (
                    f"{rule}: target {target['Id']} has no DeadLetterConfig; "
                    "an event that it can't take would be lost"
                )


def _at(pattern: Any, path: str) -> Any:
    """The value at a dotted path; {} where there is none."""
    for key in path.split("."):
        pattern = pattern.get(key, {}) if isinstance(pattern, dict) else {}
    return pattern


def _event_source_mappings(files: AwsFiles) -> Iterator[str]:
    queues = _queues_by_arn(files)
    timeouts = {
        function.properties["FunctionName"]: int(function.properties.get("Timeout", 3))
        for function in files.of_type("AWS::Lambda::Function")
    }
    for mapping in files.of_type("AWS::Lambda::EventSourceMapping"):
        if "ReportBatchItemFailures" not in mapping.properties.get("FunctionResponseTypes", []):
            yield f"{mapping}: must take ReportBatchItemFailures, or one bad message returns its whole batch"
        queue = queues.get(mapping.properties["EventSourceArn"])
        visibility = int(queue.properties.get("VisibilityTimeout", 30)) if queue else 30
        least = VISIBILITY_PER_TIMEOUT * timeouts[mapping.properties["FunctionName"]]
        if visibility < least:
            yield (
                f"{mapping}: its queue's VisibilityTimeout is {visibility} s, expected at least {least}: "
                "a message would come again while its function still works"
            )


def _handlers(files: AwsFiles) -> Iterator[str]:
    """Handlers are names in another package, which infra can't import."""
    for function in files.of_type("AWS::Lambda::Function"):
        handler = function.properties["Handler"]
        module, _, name = handler.rpartition(".")
        path = files.root / f"{module.replace('.', '/')}.py"
        if function.stack == STACK and not (path.exists() and f"\ndef {name}(" in path.read_text()):
            yield f"{function}: Handler {handler} is not in this checkout"


def _silent_alarm(files: AwsFiles) -> Iterator[str]:
    alarms = {alarm.properties["AlarmName"]: alarm for alarm in files.of_type("AWS::CloudWatch::Alarm")}
    alarm = alarms.get(DORA_SILENT)
    if alarm is None:
        yield f"{STACK}.json: there is no alarm {DORA_SILENT}; old figures would look like new ones"
    elif alarm.properties.get("TreatMissingData") != "breaching":
        yield f"{alarm}: TreatMissingData must be 'breaching', or the absence of data never sets it off"
