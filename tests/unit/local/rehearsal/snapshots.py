"""Snapshots as the pipeline gives them, with as little in them as a test needs."""

from copy import deepcopy

BEGAN = 1_800_000_000.0
EVENTS = ("BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic")
EVENTS += ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")


def action(name, category, status="Pending", **more):
    started = BEGAN if status != "Pending" else None
    ended = BEGAN + 2 if status in ("Succeeded", "Failed") else None
    return {
        "name": name,
        "category": category,
        "status": status,
        "started": started,
        "ended": ended,
        "progress": [],
        "summary": "",
        "error_code": "",
        "error_message": "",
        "external_id": "lantern-build:0123",
    } | more


def deployment(**more):
    return {
        "id": "d-1",
        "group": "orders",
        "status": "InProgress",
        "phase": "deploying",
        "created": BEGAN,
        "ended": None,
        "error_code": "",
        "error_message": "",
        "events": [
            {"name": name, "status": "Pending", "started": None, "ended": None, "hook": "", "message": ""}
            for name in EVENTS
        ],
        "weights": [],
        "rolls_back": "",
        "rollback": "",
        "rollback_message": "",
    } | more


def with_event(one, name, status, hook="", took=3.0):
    changed = deepcopy(one)
    over = BEGAN + took if status not in ("InProgress", "Pending") else None
    event = next(event for event in changed["events"] if event["name"] == name)
    event.update(status=status, started=BEGAN, ended=over, hook=hook)
    return changed


def snapshot(actions=(), deployments=(), **more):
    stages = [{"name": one["category"], "actions": [one]} for one in actions]
    return {
        "now": BEGAN + 1,
        "scale": 60.0,
        "trouble": "",
        "rates window s": 5.0,
        "build log group": "/lantern/build",
        "execution": {
            "id": "e-1",
            "commit": "0123456789" * 4,
            "status": "InProgress",
            "stop_reason": "",
            "stages": stages,
        },
        "deployments": list(deployments),
        "services": [
            {
                "name": "orders",
                "production": {"lantern-orders-blue": 90, "lantern-orders-green": 10},
                "test": "lantern-orders-green",
                "termination minutes": 5,
                "shift": [[10, 5], [100, 0]],
                "task sets": [
                    {
                        "id": "ecs-svc/1",
                        "target group": "lantern-orders-blue",
                        "status": "PRIMARY",
                        "version": "0123456",
                        "desired": 2,
                        "running": 2,
                        "healthy": 2,
                        "stopped reason": "",
                    }
                ],
                "target groups": {
                    "lantern-orders-blue": {"requests": 50, "failed": 5, "p95": 0.2},
                    "lantern-orders-green": {"requests": 0, "failed": 0, "p95": 0.0},
                },
            }
        ],
        "alarms": {"lantern-orders-blue-errors": ["OK", ""]},
        "ahead": [],
    } | more
