"""What came of an execution, in a sentence and an exit code."""

from dataclasses import dataclass
from typing import Any

DEPLOYED, STOPPED, COULD_NOT_RUN, FAULT = 0, 3, 2, 1
ENDED = ("Succeeded", "Failed", "Stopped")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lines` say what happened and what to do next."""

    code: int
    lines: tuple[str, ...]


def judge(snapshot: dict[str, Any]) -> Verdict | None:
    """None while it works: an execution is over when its rollback is, too."""
    execution, deployments = snapshot["execution"], snapshot["deployments"]
    if execution["status"] not in ENDED or any(one["phase"] != "ended" for one in deployments):
        return None
    if execution["status"] == "Succeeded":
        versions = ", ".join(service["name"] for service in snapshot["services"])
        return Verdict(DEPLOYED, (f"Deployed: {execution['commit'][:7]} serves all traffic of {versions}.",))
    own = [one for one in deployments if not one["rolls_back"]]
    through = [f"{one['group']} had been deployed and stays." for one in own if one["status"] == "Succeeded"]
    if failed := [one for one in own if one["status"] in ("Failed", "Stopped")]:
        return Verdict(STOPPED, (*(line for one in failed for line in _why(one)), *through))
    if execution["status"] == "Stopped":
        when = "" if through else " before a deployment began"
        reason = execution["stop_reason"] or "no reason given"
        return Verdict(STOPPED, (f"Stopped{when}: {reason}", *through))
    if rejected := [one for one in _failed(execution) if one[1]["category"] == "Approval"]:
        words = rejected[0][1]["summary"] or "no reason given"
        return Verdict(STOPPED, (f"Rejected before a deployment began: {words}", *through))
    return Verdict(COULD_NOT_RUN, (*_refused(execution, snapshot["build log group"]), *through))


def _why(deployment: dict[str, Any]) -> list[str]:
    event = next((one["name"] for one in deployment["events"] if one["status"] == "Failed"), "")
    most = max((share for _, share in deployment["weights"]), default=0)
    seen = f"{most} % of production saw it at most" if most else "production never saw it"
    what = "rolled back" if deployment["rollback"] else "taken away"
    return [
        f"{deployment['group']}: {what} in {event or 'the wait before blue ends'}, {seen}.",
        f"  {deployment['error_code']}: {deployment['error_message']}",
    ]


def _refused(execution: dict[str, Any], group: str) -> list[str]:
    lines = []
    for stage, action in _failed(execution):
        lines.append(f"{stage} {action['name']} failed before any container of it started.")
        lines.append(f"  {action['error_code']}: {action['error_message']}")
        if action["category"] == "Build":
            lines.append(f"  its log: {build_log(action, group)}")
    return lines or [f"The execution ended as {execution['status']}."]


def _failed(execution: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Stage and action."""
    return [
        (stage["name"], action)
        for stage in execution["stages"]
        for action in stage["actions"]
        if action["status"] == "Failed"
    ]


def build_log(action: dict[str, Any], group: str) -> str:
    """The command that shows what a build printed."""
    stream = action["external_id"].rpartition(":")[2]
    return f"aws logs get-log-events --log-group-name {group} --log-stream-name {stream} --output text"
