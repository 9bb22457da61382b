"""The progress of a rehearsal, as lines: what is new between two snapshots, and what did it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.pipeline.codedeploy.deployment_machine import Phase

REAL, STAND_IN = "real", "stand-in"
LEGEND = {
    REAL: "what AWS would run: your commit, your commands, your containers, the hook's function",
    STAND_IN: "Lantern in place of CodePipeline, CodeBuild, CodeDeploy, Fargate, load balancer, alarms",
}
GOOD, BAD, PLAIN = "good", "bad", "plain"
BY_CATEGORY = {"Source": REAL, "Build": REAL, "Approval": STAND_IN, "Deploy": STAND_IN}
BY_EVENT = {"Install": REAL, "AllowTraffic": STAND_IN, "AllowTestTraffic": STAND_IN}
STARTING = "starting"  # the runner's trouble before its first look
TIMEOUT = {"Install": " (CodeDeploy waits up to {} for healthy tasks)"}
INSTANT_S = 0.05

Snapshot = dict[str, Any]
Record = dict[str, Any]  # an action, a deployment or a service of a snapshot


@dataclass(frozen=True, slots=True)
class Line:
    """A line; `at` in epoch seconds, `mark` one of LEGEND's, `tone` good, bad or plain."""

    at: float
    mark: str
    text: str
    tone: str = PLAIN


def new_lines(before: Snapshot | None, after: Snapshot) -> list[Line]:
    """Return the lines for everything that has happened between two snapshots, in the order of time."""
    old = before or {}
    lines = [*_queue(old, after), *_actions(old, after), *_deployments(old, after)]
    lines += [*_alarms(old, after), *_trouble(old, after)]
    lines += _stopped_tasks(old, after) if old else []  # earlier ones are not of this execution
    return sorted(lines, key=lambda line: line.at)


def scaled(minutes: float, scale: float) -> str:
    """Return a duration of AWS's with its real duration at this time scale, such as `5 min in 5 s`."""
    if scale == 1:
        return f"{minutes:g} min"
    return f"{minutes:g} min in {minutes * 60 / scale:.3g} s"


def _queue(old: Snapshot, new: Snapshot) -> Iterator[Line]:
    if new["ahead"] and old.get("ahead") != new["ahead"]:
        yield Line(
            new["now"],
            STAND_IN,
            f"waits behind {', '.join(new['ahead'])}: the pipeline is QUEUED, one at a time in a stage",
        )


def _actions(old: Snapshot, new: Snapshot) -> Iterator[Line]:
    earlier = dict(_actions_by_name(old))
    for names, action in _actions_by_name(new):
        was = earlier.get(names, {"status": "Pending", "progress": []})
        mark, name = BY_CATEGORY.get(action["category"], STAND_IN), " ".join(dict.fromkeys(names))
        if was["status"] == "Pending" and action["status"] != "Pending":
            yield Line(action["started"], mark, f"{name}: {_description(action)}")
        for step in action["progress"][len(was["progress"]) :]:
            yield Line(new["now"], mark, f"{name}: {step}")
        if action["status"] != was["status"] and action["ended"]:
            took = f"in {action['ended'] - action['started']:.1f} s"
            if action["status"] == "Succeeded":
                yield Line(action["ended"], mark, f"{name}: succeeded {took}", GOOD)
            else:
                text = f"{name}: {action['status'].lower()} {took}: {action['error_code']}"
                yield Line(action["ended"], mark, f"{text} {action['error_message']}".rstrip(), BAD)


def _description(action: Record) -> str:
    match action["category"]:
        case "Source":
            return "git archive of the commit, to the artifact bucket"
        case "Build":
            return "the commands of buildspec.yml, in a container of their own"
        case "Approval":
            return f"waits for put-approval-result, or for the console: {action['summary']}"
    return "fills taskdef.json and appspec.yaml, registers the task definition, asks CodeDeploy"


def _actions_by_name(snapshot: Snapshot) -> Iterator[tuple[tuple[str, str], Record]]:
    for stage in (snapshot.get("execution") or {"stages": []})["stages"]:
        for action in stage["actions"]:
            yield (stage["name"], action["name"]), action


def _deployments(old: Snapshot, new: Snapshot) -> Iterator[Line]:
    earlier = {deployment["id"]: deployment for deployment in old.get("deployments", [])}
    services = {service["name"]: service for service in new["services"]}
    for deployment in new["deployments"]:
        was = earlier.get(
            deployment["id"], {"events": [], "weights": [], "phase": Phase.DEPLOYING, "status": "Created"}
        )
        if deployment["rolls_back"]:
            yield from _rollback(was, deployment, is_new=deployment["id"] not in earlier)
            continue
        yield from _events(was, deployment, new["scale"])
        yield from _weights(was, deployment, services[deployment["group"]], new["scale"])
        yield from _phases(was, deployment, services[deployment["group"]], new)


def _events(was: Record, deployment: Record, scale: float) -> Iterator[Line]:
    earlier = {event["name"]: event["status"] for event in was["events"]}
    for event in deployment["events"]:
        name, earlier_status = event["name"], earlier.get(event["name"], "Pending")
        if event["status"] in ("Pending", "Skipped", earlier_status):
            continue
        mark = REAL if event["hook"] else BY_EVENT.get(name, STAND_IN)
        subject = f"{deployment['group']} {deployment['id']}: {name}"
        hook = f", {event['hook']} runs in Lambda's place" if event["hook"] else ""
        timeout = TIMEOUT.get(name, "").format(scaled(60, scale))
        is_instant = event["status"] == "Succeeded" and event["ended"] - event["started"] < INSTANT_S
        if is_instant and not hook and name not in BY_EVENT:
            continue
        if earlier_status == "Pending" and not is_instant:
            yield Line(event["started"], mark, f"{subject} begins{hook}{timeout}")
        if event["status"] == "Succeeded":
            took = "" if is_instant else f" in {event['ended'] - event['started']:.1f} s"
            yield Line(event["ended"], mark, f"{subject} succeeded{took}", GOOD)
        if event["status"] == "Failed":
            yield Line(event["ended"], mark, f"{subject} failed", BAD)


def _weights(was: Record, deployment: Record, service: Record, scale: float) -> Iterator[Line]:
    minutes = dict(service["shift"])
    for at, percent in deployment["weights"][len(was["weights"]) :]:
        wait = f", for {scaled(minutes[percent], scale)}" if minutes.get(percent) else ""
        text = f"{deployment['group']}: {percent} % of production goes to green{wait}"
        yield Line(at, STAND_IN, text, BAD if percent == 0 else PLAIN)


def _phases(was: Record, deployment: Record, service: Record, new: Snapshot) -> Iterator[Line]:
    group, status, ended = deployment["group"], deployment["status"], deployment["ended"]
    if deployment["phase"] != was["phase"]:
        match deployment["phase"]:
            case Phase.KEEPING_BLUE:
                wait = scaled(service["termination minutes"], new["scale"])
                text = f"{group}: blue is kept for {wait}; a rollback would be instant"
                yield Line(new["now"], STAND_IN, text)
            case Phase.ENDING_BLUE:
                yield Line(new["now"], REAL, f"{group}: blue's tasks drain and stop")
    if status != was["status"] and ended:
        subject = f"{group} {deployment['id']}"
        if status == "Succeeded":
            yield Line(ended, STAND_IN, f"{subject}: deployment succeeded", GOOD)
        else:
            error = f"{deployment['error_code']}: {deployment['error_message']}"
            yield Line(ended, STAND_IN, f"{subject}: {status.lower()}, {error}", BAD)


def _rollback(was: Record, rollback: Record, *, is_new: bool) -> Iterator[Line]:
    group = rollback["group"]
    if is_new:
        yield Line(rollback["created"], STAND_IN, f"{group}: {rollback['rollback_message']}", BAD)
    if rollback["status"] == "Succeeded" != was["status"]:
        text = f"{group} {rollback['id']}: rolled back, blue serves all"
        yield Line(rollback["ended"], STAND_IN, text, GOOD)


def _alarms(old: Snapshot, new: Snapshot) -> Iterator[Line]:
    earlier = old.get("alarms", {})
    for name, (value, reason) in new["alarms"].items():
        if value != earlier.get(name, ("OK", ""))[0] and (old or value == "ALARM"):
            period = f"(a period of a minute lasts {60 / new['scale']:.3g} s)"
            tone = BAD if value == "ALARM" else PLAIN
            yield Line(new["now"], STAND_IN, f"alarm {name} is {value}: {reason} {period}", tone)


def _stopped_tasks(old: Snapshot, new: Snapshot) -> Iterator[Line]:
    earlier = {
        task_set["id"]: task_set["stopped reason"]
        for service in old["services"]
        for task_set in service["task sets"]
    }
    for service in new["services"]:
        for task_set in service["task sets"]:
            reason = task_set["stopped reason"]
            if reason and reason != earlier.get(task_set["id"], ""):
                text = f"{service['name']}: a task of {task_set['version']} stopped: {reason}"
                yield Line(new["now"], REAL, text, BAD)


def _trouble(old: Snapshot, new: Snapshot) -> Iterator[Line]:
    if new["trouble"] == STARTING != old.get("trouble"):
        yield Line(new["now"], STAND_IN, "the pipeline was started again and goes on where it was")
    elif new["trouble"] and new["trouble"] != old.get("trouble"):
        yield Line(new["now"], STAND_IN, f"the pipeline is in trouble and tries again: {new['trouble']}", BAD)
