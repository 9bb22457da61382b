"""The result of a rehearsal, as sentences and an exit code."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.pipeline.codedeploy.deployment_machine import Phase
from local.pipeline.codepipeline.execution_machine import FINAL_STATUSES

DEPLOYED, STOPPED, COULD_NOT_RUN, FAULT = 0, 3, 2, 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The exit code, and lines that say what happened and what to do next."""

    code: int
    lines: tuple[str, ...]


def judge(snapshot: dict[str, Any]) -> Verdict | None:
    """Return the verdict on a snapshot's execution; None until it and its rollbacks are over."""
    execution, deployments = snapshot["execution"], snapshot["deployments"]
    are_over = all(deployment["phase"] == Phase.ENDED for deployment in deployments)
    if execution["status"] not in FINAL_STATUSES or not are_over:
        return None
    if execution["status"] == "Succeeded":
        services = ", ".join(service["name"] for service in snapshot["services"])
        return Verdict(DEPLOYED, (f"Deployed: {execution['commit'][:7]} serves all traffic of {services}.",))
    deployments = [deployment for deployment in deployments if not deployment["rolls_back"]]
    deployed = [
        f"{deployment['group']} had been deployed and stays."
        for deployment in deployments
        if deployment["status"] == "Succeeded"
    ]
    failed = [deployment for deployment in deployments if deployment["status"] in ("Failed", "Stopped")]
    if failed:
        return Verdict(
            STOPPED, (*(line for deployment in failed for line in _failure(deployment)), *deployed)
        )
    if execution["status"] == "Stopped":
        when = "" if deployed else " before a deployment began"
        reason = execution["stop_reason"] or "no reason given"
        return Verdict(STOPPED, (f"Stopped{when}: {reason}", *deployed))
    for _, action in _failed_actions(execution):
        if action["category"] == "Approval":
            reason = action["summary"] or "no reason given"
            return Verdict(STOPPED, (f"Rejected before a deployment began: {reason}", *deployed))
    return Verdict(COULD_NOT_RUN, (*_refusals(execution, snapshot["build log group"]), *deployed))


def _failure(deployment: dict[str, Any]) -> list[str]:
    """In which lifecycle event a deployment failed, how much of production saw it, and the error."""
    event = next((event["name"] for event in deployment["events"] if event["status"] == "Failed"), "")
    most = max((percent for _, percent in deployment["weights"]), default=0)
    exposure = f"{most} % of production saw it at most" if most else "production never saw it"
    end = "rolled back" if deployment["rollback"] else "taken away"
    return [
        f"{deployment['group']}: {end} in {event or 'the wait before blue ends'}, {exposure}.",
        f"  {deployment['error_code']}: {deployment['error_message']}",
    ]


def _refusals(execution: dict[str, Any], log_group: str) -> list[str]:
    """The actions that failed before a deployment, and their errors."""
    lines = []
    for stage, action in _failed_actions(execution):
        lines.append(f"{stage} {action['name']} failed before any container of it started.")
        lines.append(f"  {action['error_code']}: {action['error_message']}")
        if action["category"] == "Build":
            stream = action["external_id"].rpartition(":")[2]
            lines.append(
                f"  its log: aws logs get-log-events --log-group-name {log_group} "
                f"--log-stream-name {stream} --output text"
            )
    return lines or [f"The execution ended as {execution['status']}."]


def _failed_actions(execution: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each failed action with the name of its stage."""
    for stage in execution["stages"]:
        for action in stage["actions"]:
            if action["status"] == "Failed":
                yield stage["name"], action
