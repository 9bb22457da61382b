"""What is new between two snapshots, as lines; each says whether the real thing did it, or what else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REAL, EMULATED, STAND_IN = "real", "emulated", "stand-in"
LEGEND = {
    REAL: "what AWS would run: your commit, your commands, your containers",
    EMULATED: "MiniStack answers for S3, ECR, ECS, Lambda and CloudWatch",
    STAND_IN: "Lantern in place of CodePipeline, CodeBuild, CodeDeploy, Fargate, load balancer, alarms",
}
GOOD, BAD, PLAIN = "good", "bad", "plain"
BY_CATEGORY = {"Source": REAL, "Build": REAL, "Approval": STAND_IN, "Deploy": STAND_IN}
BY_EVENT = {"Install": REAL, "AllowTraffic": STAND_IN, "AllowTestTraffic": STAND_IN}
STARTING = "starting"  # what a runner calls its trouble before its first look
TIMEOUT = {"Install": " (CodeDeploy waits up to {} for healthy tasks)"}


@dataclass(frozen=True, slots=True)
class Line:
    """`at` in epoch seconds; `mark` is real, emulated or stand-in; `tone` is good, bad or plain."""

    at: float
    mark: str
    text: str
    tone: str = PLAIN


def news(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Line]:
    """Everything that `after` has and `before` had not."""
    old = before or {}
    lines = [*_queue(old, after), *_actions(old, after), *_deployments(old, after)]
    lines += [*_alarms(old, after), *_trouble(old, after)]
    lines += _tasks(old, after) if old else []  # what stopped before is no news of this execution
    return sorted(lines, key=lambda line: line.at)


def scaled(minutes: float, scale: float) -> str:
    """A time of AWS's, and how long it takes here: `5 min in 5 s`."""
    if scale == 1:
        return f"{minutes:g} min"
    return f"{minutes:g} min in {minutes * 60 / scale:.3g} s"


def _queue(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    if new["ahead"] and old.get("ahead") != new["ahead"]:
        yield Line(
            new["now"],
            STAND_IN,
            f"waits behind {', '.join(new['ahead'])}: the pipeline is QUEUED, one at a time in a stage",
        )


def _actions(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    known = dict(_each_action(old))
    for key, action in _each_action(new):
        was = known.get(key, {"status": "Pending", "progress": []})
        mark, name = BY_CATEGORY.get(action["category"], STAND_IN), " ".join(dict.fromkeys(key))
        if was["status"] == "Pending" and action["status"] != "Pending":
            yield Line(action["started"], mark, f"{name}: {_begins(action)}")
        for words in action["progress"][len(was["progress"]) :]:
            yield Line(new["now"], mark, f"{name}: {words}")
        if action["status"] != was["status"] and action["ended"]:
            took = f"in {action['ended'] - action['started']:.1f} s"
            if action["status"] == "Succeeded":
                yield Line(action["ended"], mark, f"{name}: succeeded {took}", GOOD)
            else:
                words = f"{name}: {action['status'].lower()} {took}: {action['error_code']}"
                yield Line(action["ended"], mark, f"{words} {action['error_message']}".rstrip(), BAD)


def _begins(action: dict[str, Any]) -> str:
    match action["category"]:
        case "Source":
            return "git archive of the commit, to the artifact bucket"
        case "Build":
            return "the commands of buildspec.yml, in a container of their own"
        case "Approval":
            return f"waits for put-approval-result, or for the console: {action['summary']}"
    return "fills taskdef.json and appspec.yaml, registers the task definition, asks CodeDeploy"


def _each_action(snapshot: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for stage in (snapshot.get("execution") or {"stages": []})["stages"]:
        for action in stage["actions"]:
            yield (stage["name"], action["name"]), action


def _deployments(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    known = {one["id"]: one for one in old.get("deployments", [])}
    services = {one["name"]: one for one in new["services"]}
    for one in new["deployments"]:
        was = known.get(one["id"], {"events": [], "weights": [], "phase": "deploying", "status": "Created"})
        if one["rolls_back"]:
            yield from _rollback(was, one, one["id"] in known)
            continue
        yield from _events(was, one, new["scale"])
        yield from _weights(was, one, services[one["group"]], new["scale"])
        yield from _phases(was, one, services[one["group"]], new)


def _events(was: dict[str, Any], one: dict[str, Any], scale: float) -> Iterator[Line]:
    before = {event["name"]: event["status"] for event in was["events"]}
    for event in one["events"]:
        earlier, name = before.get(event["name"], "Pending"), event["name"]
        if event["status"] in ("Pending", "Skipped", earlier):
            continue
        mark = EMULATED if event["hook"] else BY_EVENT.get(name, STAND_IN)
        what = f"{one['group']} {one['id']}: {name}"
        hook = f", {event['hook']} runs in Lambda's place" if event["hook"] else ""
        waits = TIMEOUT.get(name, "").format(scaled(60, scale))
        is_instant = event["status"] == "Succeeded" and event["ended"] - event["started"] < 0.05
        if is_instant and not hook and name not in ("Install", "AllowTraffic", "AllowTestTraffic"):
            continue
        if earlier == "Pending" and not is_instant:
            yield Line(event["started"], mark, f"{what} begins{hook}{waits}")
        if event["status"] == "Succeeded":
            took = "" if is_instant else f" in {event['ended'] - event['started']:.1f} s"
            yield Line(event["ended"], mark, f"{what} succeeded{took}", GOOD)
        if event["status"] == "Failed":
            yield Line(event["ended"], mark, f"{what} failed", BAD)


def _weights(
    was: dict[str, Any], one: dict[str, Any], service: dict[str, Any], scale: float
) -> Iterator[Line]:
    minutes = dict(service["shift"])
    for at, share in one["weights"][len(was["weights"]) :]:
        waits = f", for {scaled(minutes[share], scale)}" if minutes.get(share) else ""
        tone = BAD if share == 0 else PLAIN
        yield Line(at, STAND_IN, f"{one['group']}: {share} % of production goes to green{waits}", tone)


def _phases(
    was: dict[str, Any], one: dict[str, Any], service: dict[str, Any], new: dict[str, Any]
) -> Iterator[Line]:
    group, at = one["group"], new["now"]
    if one["phase"] != was["phase"]:
        match one["phase"]:
            case "keeping blue":
                waits = scaled(service["termination minutes"], new["scale"])
                yield Line(at, STAND_IN, f"{group}: blue is kept for {waits}; a rollback would be instant")
            case "ending blue":
                yield Line(at, REAL, f"{group}: blue's tasks drain and stop")
    if one["status"] != was["status"] and one["ended"]:
        if one["status"] == "Succeeded":
            yield Line(one["ended"], STAND_IN, f"{group} {one['id']}: deployment succeeded", GOOD)
        else:
            words = (
                f"{group} {one['id']}: {one['status'].lower()}, {one['error_code']}: {one['error_message']}"
            )
            yield Line(one["ended"], STAND_IN, words, BAD)


def _rollback(was: dict[str, Any], one: dict[str, Any], is_known: bool) -> Iterator[Line]:
    if not is_known:
        yield Line(one["created"], STAND_IN, f"{one['group']}: {one['rollback_message']}", BAD)
    if one["status"] == "Succeeded" != was["status"]:
        yield Line(one["ended"], STAND_IN, f"{one['group']} {one['id']}: rolled back, blue serves all", GOOD)


def _alarms(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    before = old.get("alarms", {})
    for name, (value, reason) in new["alarms"].items():
        if value != before.get(name, ("OK", ""))[0] and (old or value == "ALARM"):
            words = (
                f"alarm {name} is {value}: {reason} (a period of a minute lasts {60 / new['scale']:.3g} s)"
            )
            yield Line(new["now"], STAND_IN, words, BAD if value == "ALARM" else PLAIN)


def _tasks(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    before = {one["id"]: one for service in old.get("services", []) for one in service["task sets"]}
    for service in new["services"]:
        for one in service["task sets"]:
            reason = one["stopped reason"]
            if reason and before.get(one["id"], {}).get("stopped reason", "") != reason:
                yield Line(
                    new["now"], REAL, f"{service['name']}: a task of {one['version']} stopped: {reason}", BAD
                )


def _trouble(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Line]:
    if new["trouble"] == STARTING != old.get("trouble"):
        yield Line(new["now"], STAND_IN, "the pipeline was started again and goes on where it was")
    elif new["trouble"] and new["trouble"] != old.get("trouble"):
        yield Line(new["now"], STAND_IN, f"the pipeline is in trouble and tries again: {new['trouble']}", BAD)
