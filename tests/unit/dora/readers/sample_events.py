"""Envelopes as the laptop's pipeline writes them, at speaking times."""

from local.pipeline import eventbridge as events
from tests.unit.dora.histories import at

SHA = {name: name[0] * 40 for name in ("aaa", "bbb", "ccc", "ddd")}


def event(source, kind, detail, when, scale=1, id_=None, seconds=0):
    made = events.envelope(
        source, kind, resource="arn:aws:x", detail=detail, at=at(when) + seconds, scale=scale
    )
    return made | ({"id": id_} if id_ else {})


def execution(key, state, when, **arguments):
    return event(
        "aws.codepipeline",
        events.EXECUTION,
        {"pipeline": "lantern", "execution-id": key, "state": state},
        when,
        **arguments,
    )


def action(run, stage, name, category, state, when, result=None, provider="x", **arguments):
    detail = {
        "pipeline": "lantern",
        "execution-id": run,
        "stage": stage,
        "action": name,
        "state": state,
        "type": {"category": category, "provider": provider},
    }
    return event(
        "aws.codepipeline",
        events.ACTION,
        detail | ({"execution-result": result} if result else {}),
        when,
        **arguments,
    )


def deployment(key, state, when, service="orders", **arguments):
    detail = {"application": "lantern", "deploymentGroup": service, "deploymentId": key, "state": state}
    return event("aws.codedeploy", events.DEPLOYMENT, detail, when, **arguments)


def alarm(name, value, when, before="OK", **arguments):
    detail = {"alarmName": name, "state": {"value": value, "reason": "r"}, "previousState": {"value": before}}
    return event("aws.cloudwatch", events.ALARM, detail, when, **arguments)


def push(sha, when, branch="main", **arguments):
    detail = {
        "event": "referenceUpdated",
        "referenceType": "branch",
        "referenceName": branch,
        "commitId": sha,
    }
    return event("aws.codecommit", events.PUSH, detail, when, **arguments)


def source(run, sha, when):
    return action(run, "Source", "Source", "Source", "SUCCEEDED", when, {"external-execution-id": sha})


def good_run(run, sha, key, day):
    """Pushed at 10:00, built until 10:05, deployed until 10:20."""
    return [
        push(sha, f"{day} 10:00"),
        execution(run, "STARTED", f"{day} 10:01"),
        source(run, sha, f"{day} 10:01"),
        action(run, "Build", "orders", "Build", "STARTED", f"{day} 10:02"),
        action(run, "Build", "orders", "Build", "SUCCEEDED", f"{day} 10:05", {"external-execution-id": "b"}),
        action(run, "Deploy", "orders", "Deploy", "STARTED", f"{day} 10:05"),
        deployment(key, "START", f"{day} 10:06"),
        deployment(key, "SUCCESS", f"{day} 10:20"),
        action(
            run, "Deploy", "orders", "Deploy", "SUCCEEDED", f"{day} 10:20", {"external-execution-id": key}
        ),
        execution(run, "SUCCEEDED", f"{day} 10:20"),
    ]


def stopped_run(run, sha, key, day, error="ALARM_ACTIVE: stopped"):
    """Begun at 10:06, stopped at 10:15, rolled back by <key>-back."""
    return [
        push(sha, f"{day} 10:00"),
        execution(run, "STARTED", f"{day} 10:01"),
        source(run, sha, f"{day} 10:01"),
        deployment(key, "START", f"{day} 10:06"),
        deployment(key, "STOP", f"{day} 10:15"),
        deployment(f"{key}-back", "START", f"{day} 10:15"),
        action(
            run,
            "Deploy",
            "orders",
            "Deploy",
            "FAILED",
            f"{day} 10:15",
            {"external-execution-id": key, "external-execution-summary": error},
        ),
        execution(run, "FAILED", f"{day} 10:15"),
        deployment(f"{key}-back", "SUCCESS", f"{day} 10:25"),
    ]
