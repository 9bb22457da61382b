"""`make drift`: the resources of the account that differ from the templates."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError, UsageError
from infra.operations.stacks import POLL_S, Stacks
from infra.shop import STACKS, stack_name

# (Resource type, property): why a deployment or the autoscaler changes it
BY_DESIGN = {
    ("AWS::ECS::Service", "/TaskDefinition"): "CodeDeploy runs the revision that the pipeline registered",
    ("AWS::ECS::Service", "/LoadBalancers"): "blue and green change parts at each deployment",
    ("AWS::ECS::Service", "/DesiredCount"): "the autoscaler counts",
    ("AWS::ElasticLoadBalancingV2::Listener", "/DefaultActions"): "CodeDeploy moves the traffic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One property that differs from the template; `reason` is set when it does so by design."""

    stack: str
    resource: str
    property: str
    expected: str
    actual: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All differences, and how many resources CloudFormation could check and could not check."""

    differences: list[Difference]
    checked: int
    unchecked: int

    @property
    def unexpected(self) -> list[Difference]:
        """The differences that are not by design."""
        return [difference for difference in self.differences if not difference.reason]


def detect(account: Account, say: Callable[[str], None], *, poll_s: float = POLL_S) -> Report:
    """Detect drift of every stack at once. Raises UsageError when there is no stack, or AccountError."""
    stacks, cloudformation = Stacks(account), account.client("cloudformation")
    names = [name for part in STACKS if stacks.status(name := stack_name(part))]
    if not names:
        raise UsageError(
            f"account {account.number} has no stack of Lantern in {account.region}: 'make deploy' first"
        )
    started = {}
    for name in names:
        try:
            started[name] = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
        except ClientError as error:
            raise AccountError(f"{name}: {error}") from None
    for number, (name, detection) in enumerate(started.items(), 1):
        _wait(cloudformation, name, detection, poll_s)
        say(f"{name}: checked ({number} of {len(started)})")
    return _collect(account, names)


def _wait(cloudformation: Any, name: str, detection: str, poll_s: float) -> None:
    describe = cloudformation.describe_stack_drift_detection_status
    while (answer := describe(StackDriftDetectionId=detection))["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        time.sleep(poll_s)
    if answer["DetectionStatus"] == "DETECTION_FAILED":
        reason = answer.get("DetectionStatusReason", "no reason given")
        raise AccountError(f"{name}: drift detection failed: {reason}")


def _collect(account: Account, names: list[str]) -> Report:
    cloudformation = account.client("cloudformation")
    differences: list[Difference] = []
    checked = resources = 0
    for name in names:
        resources += len(
            account.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=name)
        )
        request = {"StackName": name}
        while True:
            answer = cloudformation.describe_stack_resource_drifts(**request)
            for drift in answer["StackResourceDrifts"]:
                checked += drift["StackResourceDriftStatus"] != "NOT_CHECKED"
                differences += of_resource(name, drift)
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]
    return Report(differences=differences, checked=checked, unchecked=resources - checked)


def of_resource(stack: str, drift: dict[str, Any]) -> list[Difference]:
    """The differences of one entry of DescribeStackResourceDrifts."""
    resource, kind = str(drift["LogicalResourceId"]), str(drift["ResourceType"])
    if drift["StackResourceDriftStatus"] == "DELETED":
        return [Difference(stack=stack, resource=resource, property="", expected="there", actual="deleted")]
    changes = drift.get("PropertyDifferences") or []
    return [
        Difference(
            stack=stack,
            resource=resource,
            property=change["PropertyPath"],
            expected=change["ExpectedValue"],
            actual=change["ActualValue"],
            reason=_reason(kind, change["PropertyPath"]),
        )
        for change in changes
    ]


def _reason(kind: str, path: str) -> str:
    for (known, start), reason in BY_DESIGN.items():
        if kind == known and (path == start or path.startswith(f"{start}/")):
            return reason
    return ""
