"""Rules for the topic: an event that it does not take is lost, and nobody hears of a failed pipeline.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

from collections.abc import Iterator
from typing import Any

from infra.checks.aws_files import AwsFiles
from infra.template import Resource

EVENTBRIDGE = "events.amazonaws.com"


def problems(files: AwsFiles) -> list[str]:
    """Event rules whose events the topic would refuse."""
    topics = {f"<{topic.stack}.{topic.name}>": topic for topic in files.of_type("AWS::SNS::Topic")} | {
        topic.properties["TopicName"]: topic
        for topic in files.of_type("AWS::SNS::Topic")
        if "TopicName" in topic.properties
    }
    return [
        problem
        for rule in files.of_type("AWS::Events::Rule")
        for target in rule.properties.get("Targets", [])
        if (topic := topics.get(target["Arn"]))
        for problem in _target(files, rule, topic, target)
    ]


def _target(files: AwsFiles, rule: Resource, topic: Resource, target: dict[str, Any]) -> Iterator[str]:
    if "RoleArn" in target:
        yield f"{rule}: target {target['Id']} has a RoleArn; the topic's own policy lets EventBridge publish"
    allowed = [
        (policy, statement)
        for policy in files.of_type("AWS::SNS::TopicPolicy")
        if target["Arn"] in policy.properties["Topics"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement.get("Principal") == {"Service": EVENTBRIDGE}
    ]
    if not allowed:
        yield f"{rule}: no policy of {topic} lets {EVENTBRIDGE} publish; its events would be dropped"
    for policy, statement in allowed:
        if "Condition" in statement:
            yield (
                f"{policy}: the statement for {EVENTBRIDGE} has a Condition; EventBridge gives SNS nothing "
                f"to compare, so what {rule.name} sends would be dropped in silence"
            )
