"""The state of now in one document, for the live view; the console asks AWS's own API instead."""

import contextlib
import time
from typing import Any

from local.pipeline.codedeploy import deployment_machine as deployments
from local.pipeline.codepipeline import execution_machine as executions
from local.pipeline.codepipeline.errors import PipelineExecutionNotFoundException
from local.pipeline.runner import Runner

WINDOW_S = 5.0


def take(runner: Runner, execution_id: str = "") -> dict[str, Any]:
    """An execution (the newest) with its deployments, each service's traffic, tasks and error rates."""
    now = time.time()
    one = _execution(runner, execution_id)
    mine = runner.deployments.of_execution(one.id) if one else []
    return {
        "now": now,
        "scale": runner.clock.scale,
        "approval": runner.settings.approval,
        "trouble": runner.trouble,
        "rates window s": WINDOW_S,
        "build log group": runner.architecture.build_project["LogsConfig"]["CloudWatchLogs"]["GroupName"],
        "execution": executions.as_document(one) if one else None,
        "deployments": [deployments.as_document(there) for there in mine],
        "services": [_service(runner, name, now) for name in runner.architecture.groups],
        "alarms": {name: [state.value, state.reason] for name, state in runner.deployments.alarms().items()},
        "ahead": [there.id for there in runner.executions.under_way() if one and there.created < one.created],
    }


def _execution(runner: Runner, key: str) -> executions.Execution | None:
    if not key:
        return runner.executions.newest()
    with contextlib.suppress(PipelineExecutionNotFoundException):
        return runner.executions.one(key)
    return None


def _service(runner: Runner, name: str, now: float) -> dict[str, Any]:
    service, group = runner.deployments.service(name), runner.architecture.groups[name]
    return {
        "name": name,
        "production": service.production,
        "test": service.test,
        "termination minutes": group.termination_minutes,
        "shift": group.shift.steps(),
        "task sets": [
            {
                "id": task_set.id,
                "target group": task_set.target_group,
                "status": task_set.status,
                "version": task_set.version,
                "desired": task_set.desired,
                "running": runner.fleet.health(task_set.id).running,
                "healthy": runner.fleet.health(task_set.id).healthy,
                "stopped reason": task_set.stopped_reason,
            }
            for task_set in runner.fleet.task_sets()
            if task_set.service == name
        ],
        "target groups": {
            target_group.name: _rates(runner, target_group.full_name, now)
            for target_group in (group.blue, group.green)
        },
    }


def _rates(runner: Runner, full_name: str, now: float) -> dict[str, float]:
    samples = runner.metrics.samples(full_name, now - WINDOW_S, now)
    bad = sum(1 for sample in samples if not sample.answered or sample.status >= 500)
    times = sorted(sample.response_s for sample in samples if sample.answered)
    return {
        "requests": len(samples),
        "failed": bad,
        "p95": times[int(len(times) * 0.95)] if times else 0.0,
    }
