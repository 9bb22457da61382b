"""Snapshots of the pipeline as the runner would have given them, by what matters in a test."""

from local.pipeline.codedeploy import deployment_machine as deployments
from local.pipeline.codedeploy.deployment_machine import Event

START = 1_800_000_000.0
COMMIT = "0123456789" * 4
BLUE, GREEN = "lantern-orders-blue", "lantern-orders-green"
CATEGORIES = {"Source": "Source", "Build": "Build", "Approval": "Approval", "Deploy": "Deploy"}


def action(name, stage, status="Pending", began=0, took=None, **rest):
    """Times in seconds since START."""
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
    } | rest


def execution(*actions, status="InProgress", stop_reason=""):
    """Of actions with the name of their stage: (stage, action)."""
    stages = {}
    for stage, one in actions:
        stages.setdefault(stage, []).append(one)
    return {
        "id": "execution-1",
        "commit": COMMIT,
        "created": START,
        "status": status,
        "stop_reason": stop_reason,
        "stages": [{"name": name, "actions": mine} for name, mine in stages.items()],
    }


def event(name, status="Pending", began=0, took=None, hook=""):
    return Event(
        name=name,
        status=status,
        started=START + began if status not in ("Pending", "Skipped") else None,
        ended=START + began + took if took is not None else None,
        hook=hook,
    )


def deployment(*events, id="d-FIRST", group="orders", **rest):
    """A deployment of orders as the journal has it."""
    one = deployments.Deployment(
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
        **({"created": START, "status": "InProgress"} | rest),
    )
    one.events = list(events)
    return deployments.as_document(one)


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


def snapshot(at=0, **rest):
    """Everything at START + `at` seconds; nothing happens in it."""
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
    } | rest
