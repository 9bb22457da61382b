"""Creates, updates and deletes CloudFormation stacks by change sets, and follows their events."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.shop import TAG

POLL_S = 2.0
LONGEST_S = 4 * 3600.0
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
STUCK = "UPDATE_ROLLBACK_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource's change in a change set."""

    action: str
    resource: str
    type: str
    replacement: str


class StillChanging(AccountError):
    """A stack takes longer than it should; CloudFormation goes on with it."""


class Stacks:
    """The stacks of one account. `poll_s`: seconds between two polls of a stack that is changing."""

    def __init__(self, account: Account, *, poll_s: float = POLL_S) -> None:
        self._cloudformation = account.client("cloudformation")
        self._poll_s = poll_s
        self._change_set = f"lantern-{int(time.time() * 1000)}"  # one run, one name

    def status(self, name: str) -> str | None:
        """The stack's status; None when there is no such stack."""
        stack = self._describe(name)
        return str(stack["StackStatus"]) if stack else None

    def exists(self, name: str) -> bool:
        """Whether the stack was ever made; one of which there is only a change set was not."""
        return self.status(name) not in (None, "REVIEW_IN_PROGRESS")

    def _describe(self, name: str) -> dict[str, Any]:
        try:
            stacks = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise AccountError(f"{name}: {error}") from None
        return dict(stacks[0])

    def outputs(self, name: str) -> dict[str, str]:
        """The values of the stack's outputs by key."""
        stacks = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def plan(
        self,
        name: str,
        template: Path,
        declared: list[str],
        values: dict[str, str],
        *,
        import_existing: bool = False,
    ) -> list[Change]:
        """Make a change set and return its changes; none when the stack is as the template says.

        `declared` are the template's parameters; those without a value in `values` keep the stack's, or take
        their default where the stack has none yet. `import_existing`: a new stack takes over resources that
        outlived an earlier one. Raises AccountError when the stack can't be changed.
        """
        stack = self._describe(name)
        status = stack.get("StackStatus")
        self._check_can_change(name, status)
        is_new = status in (None, "REVIEW_IN_PROGRESS")
        known = {parameter["ParameterKey"] for parameter in stack.get("Parameters", [])}
        try:
            self._cloudformation.create_change_set(
                StackName=name,
                ChangeSetName=self._change_set,
                ChangeSetType="CREATE" if is_new else "UPDATE",
                TemplateBody=template.read_text(),
                Parameters=_parameters(declared, values, set() if is_new else known),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Tags=[{"Key": key, "Value": value} for key, value in TAG.items()],
                **({"ImportExistingResources": True} if import_existing and is_new else {}),
            )
        except ClientError as error:
            raise AccountError(f"{name}: {error}") from None
        return self._planned(name)

    def _check_can_change(self, name: str, status: str | None) -> None:
        if status in BROKEN:
            raise AccountError(
                f"{name} is in {status} and can only be deleted. See what failed: 'aws cloudformation "
                f"describe-stack-events --stack-name {name}', then 'aws cloudformation delete-stack "
                f"--stack-name {name}' and try again"
            )
        if status == STUCK:
            skip = " ".join(self._not_rolled_back(name))
            raise AccountError(
                f"{name} is in {status}: CloudFormation could not undo an update. Don't delete it: 'aws "
                f"cloudformation continue-update-rollback --stack-name {name}"
                f"{f' --resources-to-skip {skip}' if skip else ''}', then try again"
            )
        if status and status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            raise AccountError(
                f"{name} is in {status}: somebody changes it right now; try again when that is over"
            )

    def _not_rolled_back(self, name: str) -> list[str]:
        resources = self._cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return [
            str(resource["LogicalResourceId"])
            for resource in resources
            if resource["ResourceStatus"] == "UPDATE_FAILED"
        ]

    def _planned(self, name: str) -> list[Change]:
        while True:
            answer = self._cloudformation.describe_change_set(StackName=name, ChangeSetName=self._change_set)
            if answer["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
            time.sleep(self._poll_s)
        if answer["Status"] == "FAILED":
            reason = answer.get("StatusReason", "")
            self.discard(name)
            if any(words in reason for words in NO_CHANGES):
                return []
            raise AccountError(f"{name}: the change set failed: {reason}")
        return [
            Change(
                action=change["Action"],
                resource=change["LogicalResourceId"],
                type=change["ResourceType"],
                replacement=change.get("Replacement", ""),
            )
            for change in (entry["ResourceChange"] for entry in answer.get("Changes", []))
        ]

    def discard(self, name: str) -> None:
        """Delete the change set without executing it."""
        self._cloudformation.delete_change_set(StackName=name, ChangeSetName=self._change_set)

    def execute(self, name: str, *, within_s: float = LONGEST_S) -> Iterator[str]:
        """Execute the change set; yields a line for each event. Raises AccountError with the first reason.

        Raises StillChanging when it takes longer than `within_s`.
        """
        known = {event["EventId"] for event in self._events(name)}
        self._cloudformation.execute_change_set(StackName=name, ChangeSetName=self._change_set)
        yield from self._watch(name, known, ("CREATE_COMPLETE", "UPDATE_COMPLETE"), within_s)

    def delete(self, name: str) -> Iterator[str]:
        """Delete the stack; yields a line for each event. Raises AccountError with the first reason."""
        known = {event["EventId"] for event in self._events(name)}
        self._cloudformation.delete_stack(StackName=name)
        yield from self._watch(name, known, ("DELETE_COMPLETE",), LONGEST_S)

    def _watch(self, name: str, known: set[str], good: tuple[str, ...], within_s: float) -> Iterator[str]:
        reasons: list[str] = []
        ends_at = time.monotonic() + within_s
        while True:
            status = self.status(name)
            for event in reversed(self._events(name)):
                if event["EventId"] not in known:
                    known.add(event["EventId"])
                    yield f"{event['LogicalResourceId']} {event['ResourceStatus']}"
                    reasons += _reason(event)
            if status is None or not status.endswith("_IN_PROGRESS"):
                break
            if time.monotonic() > ends_at:
                raise StillChanging(f"{name} is still in {status} after {within_s / 60:.0f} minutes")
            time.sleep(self._poll_s)
        if (status or "DELETE_COMPLETE") not in good:
            first = reasons[0] if reasons else "see the stack's events"
            raise AccountError(f"{name} ended in {status}: {first}")

    def _events(self, name: str) -> list[dict[str, Any]]:
        try:
            events: list[dict[str, Any]] = self._cloudformation.describe_stack_events(StackName=name)[
                "StackEvents"
            ]
        except ClientError:  # there is no such stack yet, or no more
            return []
        return events


def _reason(event: dict[str, Any]) -> list[str]:
    """Why a resource failed; nothing where it was cancelled because another one failed."""
    reason = event.get("ResourceStatusReason", "no reason given")
    failed = "FAILED" in event["ResourceStatus"] and "cancelled" not in reason
    return [f"{event['LogicalResourceId']}: {reason}"] if failed else []


def _parameters(declared: list[str], values: dict[str, str], known: set[str]) -> list[dict[str, Any]]:
    """`known`: the parameters that the stack has; CloudFormation knows no previous value of another one."""
    parameters: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": values[key]} for key in declared if key in values
    ]
    kept = [key for key in declared if key not in values and key in known]
    return parameters + [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
