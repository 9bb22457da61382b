"""Snapshots as the runner serves them, with defaults for all that a test does not care about."""

from dataclasses import asdict

from local.pipeline.codedeploy.deployment_machine import Deployment, Event

START = 1_800_000_000.0
COMMIT = "0123456789" * 4
BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
CATEGORIES = {"Source": "Source", "Build": "Build", "Approval": "Approval", "Deploy": "Deploy"}


def action(name, stage, status="Pending", began=0, took=None, **members):
    """An action; `began` in seconds since START, `took` in seconds."""
    has_begun = status != "Pending"
    return {
        "name": name,
        "category": CATEGORIES[stage],
        "status": status,
        "started": START + began if has_begun else None,
        "ended": START + began + took if took is not None else None,
        "summary": "",
        "external_id": "lantern:of-this-build",
        "error_code": "",
        "error_message": "",
        "progress": [],
    } | members


def execution(*actions, status="InProgress", stop_reason=""):
    """An execution of actions, each with the name of its stage: (stage, action)."""
    stages = {}
    for name, member in actions:
        stages.setdefault(name, []).append(member)
    return {
        "id": "execution-1",
        "commit": COMMIT,
        "created": START,
        "status": status,
        "stop_reason": stop_reason,
        "stages": [{"name": name, "actions": members} for name, members in stages.items()],
    }


def event(name, status="Pending", began=0, took=None, hook=""):
    return Event(
        name=name,
        status=status,
        started=START + began if status not in ("Pending", "Skipped") else None,
        ended=START + began + took if took is not None else None,
        hook=hook,
    )


def deployment(*events, id="d-FIRST", group="orders", **members):
    """A deployment of orders."""
    record = Deployment(
        id=id,
        application="lantern",
        group=group,
        creator="user",
        config="CodeDeployDefault.ECSCanary10Percent5Minutes",
        app_spec="",
        task_definition="arn",
        blue="ecs-svc/1",
        green="ecs-svc/2",
        blue_targets=BLUE,
        green_targets=GREEN,
        events=list(events),
        **({"created": START, "status": "InProgress"} | members),
    )
    return asdict(record)


def task_set(id="ecs-svc/1", targets=BLUE, version="0123456", status="PRIMARY", stopped=""):
    return {
        "id": id,
        "target group": targets,
        "status": status,
        "version": version,
        "desired": 2,
        "running": 2,
        "healthy": 2,
        "stopped reason": stopped,
    }


def service(name="orders", task_sets=None, production=None, requests=0, failed=0):
    rates = {"requests": requests, "failed": failed, "p95": 0.12}
    return {
        "name": name,
        "production": production or {BLUE: 100, GREEN: 0},
        "test": BLUE,
        "termination minutes": 5,
        "shift": [[10, 5], [100, 0]],
        "task sets": [task_set()] if task_sets is None else task_sets,
        "target groups": {BLUE: rates, GREEN: rates},
    }


def snapshot(at=0, **members):
    """A snapshot at START + `at` seconds in which nothing happens."""
    return {
        "now": START + at,
        "scale": 60.0,
        "approval": False,
        "trouble": "",
        "rates window s": 5.0,
        "build log group": "/lantern/codebuild",
        "execution": execution(("Source", action("Source", "Source"))),
        "deployments": [],
        "services": [service()],
        "alarms": {"lantern-orders-errors": ["OK", "0 out of the last 2 datapoints > 5"]},
        "ahead": [],
    } | members
