"""What DORA's figures stand on: no event is lost on its way, none of somebody else's is counted."""

from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import Tree
from infra.shop import CODEDEPLOY_APPLICATION, DORA_SILENT, DORA_SOURCE, PIPELINE, PROJECT, SERVICES
from infra.template import Resource

STACK = f"{PROJECT}-dora"
TIMES_THE_FUNCTIONS_TIME = 6
# What a rule's pattern must say for each source of events; the rest of the account delivers too
OURS: dict[str, tuple[str, Any]] = {
    "aws.codepipeline": ("detail.pipeline", [PIPELINE]),
    "aws.codedeploy": ("detail.application", [CODEDEPLOY_APPLICATION]),
    "aws.codecommit": ("resources", [f"arn:aws:codecommit:us-east-1:111122223333:{PROJECT}"]),
    "aws.cloudwatch": (
        "detail.alarmName",
        [{"prefix": f"{PROJECT}-{service.name}-"} for service in SERVICES],
    ),
    DORA_SOURCE: ("detail-type", ["Deployment Record", "Incident Record"]),
}


def problems(tree: Tree) -> list[str]:
    """Everything in the stack by which a figure would be wrong and nobody would notice."""
    if not any(resource.stack == STACK for resource in tree.resources):
        return []
    return [*_queues(tree), *_rules(tree), *_feeds(tree), *_functions(tree), *_silence(tree)]


def _queues(tree: Tree) -> Iterator[str]:
    queues = {f"<{one.stack}.{one.name}.Arn>": one for one in tree.of_type("AWS::SQS::Queue")}
    redrives = {arn: queue.properties.get("RedrivePolicy", {}) for arn, queue in queues.items()}
    dead = {redrive.get("deadLetterTargetArn") for redrive in redrives.values()}
    for arn, queue in queues.items():
        if arn not in dead and redrives[arn].get("deadLetterTargetArn") not in queues:
            yield f"{queue}: has no dead-letter queue; a message that can't be read would come back for ever"
        if not queue.properties.get("SqsManagedSseEnabled"):
            yield f"{queue}: SqsManagedSseEnabled must be true"
        if not any(_wants_tls(policy, arn) for policy in tree.of_type("AWS::SQS::QueuePolicy")):
            yield f"{queue}: no policy denies what comes without TLS"


def _wants_tls(policy: Resource, arn: str) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Resource"] == arn
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy.properties["PolicyDocument"]["Statement"]
    )


def _rules(tree: Tree) -> Iterator[str]:
    rules = [
        one
        for one in tree.of_type("AWS::Events::Rule")
        if one.stack == STACK and "EventPattern" in one.properties
    ]
    heard = {source for rule in rules for source in rule.properties["EventPattern"].get("source", [])}
    for source in sorted(set(OURS) - heard):
        yield f"{STACK}.json: no rule hears {source}"
    for rule in rules:
        yield from _rule(rule)


def _rule(rule: Resource) -> Iterator[str]:
    pattern = rule.properties["EventPattern"]
    for source in pattern.get("source", ["(none)"]):
        path, wanted = OURS.get(source, ("source", sorted(OURS)))
        found: Any = pattern
        for key in path.split("."):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        if found != wanted:
            yield f"{rule}: {path} is {found or 'not set'}, expected {wanted}: other events would be counted"
    for target in rule.properties["Targets"]:
        if "DeadLetterConfig" not in target:
            yield f"{rule}: target {target['Id']} has no DeadLetterConfig; what it can't take would be lost"


def _feeds(tree: Tree) -> Iterator[str]:
    queues = {f"<{one.stack}.{one.name}.Arn>": one.properties for one in tree.of_type("AWS::SQS::Queue")}
    functions = {
        one.properties["FunctionName"]: int(one.properties.get("Timeout", 3))
        for one in tree.of_type("AWS::Lambda::Function")
    }
    for feed in tree.of_type("AWS::Lambda::EventSourceMapping"):
        if "ReportBatchItemFailures" not in feed.properties.get("FunctionResponseTypes", []):
            yield f"{feed}: must take ReportBatchItemFailures, or one bad message brings back the whole batch"
        hidden = int(queues.get(feed.properties["EventSourceArn"], {}).get("VisibilityTimeout", 30))
        least = TIMES_THE_FUNCTIONS_TIME * functions[feed.properties["FunctionName"]]
        if hidden < least:
            yield (
                f"{feed}: its queue's VisibilityTimeout is {hidden} s, expected at least {least}: a message "
                "would come again while its function still works"
            )


def _functions(tree: Tree) -> Iterator[str]:
    """Handlers are names in another package, which the checks can't import."""
    for function in tree.of_type("AWS::Lambda::Function"):
        module, _, name = function.properties["Handler"].rpartition(".")
        if function.stack != STACK:
            continue
        path = tree.root / f"{module.replace('.', '/')}.py"
        if not path.exists() or f"\ndef {name}(" not in path.read_text():
            yield f"{function}: Handler {function.properties['Handler']} is not in this checkout"


def _silence(tree: Tree) -> Iterator[str]:
    alarms = {one.properties["AlarmName"]: one for one in tree.of_type("AWS::CloudWatch::Alarm")}
    alarm = alarms.get(DORA_SILENT)
    if alarm is None:
        yield f"{STACK}.json: there is no alarm {DORA_SILENT}; old figures would look like new ones"
    elif alarm.properties.get("TreatMissingData") != "breaching":
        yield f"{alarm}: TreatMissingData must be 'breaching': that nothing comes is what it is for"
