"""`make drift`: is the account still what the templates say?"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError, UsageError
from infra.operations.stacks import POLL_S, Stacks
from infra.shop import STACKS, stack_name

# Resource type and property that a deployment or the autoscaler changes, and why that is all right
BY_DESIGN = {
    ("AWS::ECS::Service", "/TaskDefinition"): "CodeDeploy runs the revision that the pipeline registered",
    ("AWS::ECS::Service", "/LoadBalancers"): "blue and green change parts at each deployment",
    ("AWS::ECS::Service", "/DesiredCount"): "the autoscaler counts",
    ("AWS::ElasticLoadBalancingV2::Listener", "/DefaultActions"): "CodeDeploy moves the traffic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One property that is not as the template says; `reason` when it is so by design."""

    stack: str
    resource: str
    property: str
    expected: str
    actual: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All differences, and how many resources CloudFormation looked at or could not look at."""

    differences: list[Difference]
    checked: int
    unchecked: int

    @property
    def real(self) -> list[Difference]:
        """Those that nobody meant."""
        return [one for one in self.differences if not one.reason]


def detect(account: Account, say: Callable[[str], None], *, poll_s: float = POLL_S) -> Report:
    """Start detection on every stack at once, wait, and collect. Raises UsageError when there is no stack."""
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
    for done, (name, detection) in enumerate(started.items(), 1):
        _wait(cloudformation, name, detection, poll_s)
        say(f"{name}: looked at ({done} of {len(started)})")
    return _collect(account, names)


def _wait(cloudformation: Any, name: str, detection: str, poll_s: float) -> None:
    describe = cloudformation.describe_stack_drift_detection_status
    while True:
        said = describe(StackDriftDetectionId=detection)
        if said["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        time.sleep(poll_s)
    if said["DetectionStatus"] == "DETECTION_FAILED":
        raise AccountError(
            f"{name}: drift detection failed: {said.get('DetectionStatusReason', 'no reason given')}"
        )


def _collect(account: Account, names: list[str]) -> Report:
    cloudformation = account.client("cloudformation")
    differences: list[Difference] = []
    checked = there = 0
    for name in names:
        there += len(
            account.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=name)
        )
        request = {"StackName": name}
        while True:
            said = cloudformation.describe_stack_resource_drifts(**request)
            for drift in said["StackResourceDrifts"]:
                checked += drift["StackResourceDriftStatus"] != "NOT_CHECKED"
                differences += of_resource(name, drift)
            if not said.get("NextToken"):
                break
            request["NextToken"] = said["NextToken"]
    return Report(differences=differences, checked=checked, unchecked=there - checked)


def of_resource(stack: str, drift: dict[str, Any]) -> list[Difference]:
    """What CloudFormation says of one resource, with the reason where the difference is by design."""
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
