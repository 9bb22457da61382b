"""A rehearsal at one moment in one document, for the live view; the console asks AWS's own APIs instead."""

import contextlib
import time
from dataclasses import asdict
from typing import Any

from local.pipeline.codedeploy.traffic_shifting import traffic_shift
from local.pipeline.codepipeline.errors import PipelineExecutionNotFoundException
from local.pipeline.codepipeline.execution_machine import Execution
from local.pipeline.runner import Runner

WINDOW_S = 5.0


def take(runner: Runner, execution_id: str = "") -> dict[str, Any]:
    """Return an execution (by default the newest) with its deployments, and the state of every service.

    Times are epoch seconds. `execution` is None when there is none of this id.
    """
    now = time.time()
    execution = _execution(runner, execution_id)
    deployments = runner.deployments.of_execution(execution.id) if execution else []
    return {
        "now": now,
        "scale": runner.clock.scale,
        "approval": runner.settings.approval,
        "trouble": runner.trouble,
        "rates window s": WINDOW_S,
        "build log group": runner.architecture.build_project["LogsConfig"]["CloudWatchLogs"]["GroupName"],
        "execution": asdict(execution) if execution else None,
        "deployments": [asdict(deployment) for deployment in deployments],
        "services": [_service(runner, name, now) for name in runner.architecture.groups],
        "alarms": {name: [state.value, state.reason] for name, state in runner.alarms.all().items()},
        "ahead": [
            unfinished.id
            for unfinished in runner.executions.unfinished()
            if execution and unfinished.created < execution.created
        ],
    }


def _execution(runner: Runner, execution_id: str) -> Execution | None:
    if not execution_id:
        return runner.executions.newest()
    with contextlib.suppress(PipelineExecutionNotFoundException):
        return runner.executions.get(execution_id)
    return None


def _service(runner: Runner, name: str, now: float) -> dict[str, Any]:
    traffic, group = runner.traffic.get(name), runner.architecture.groups[name]
    return {
        "name": name,
        "production": traffic.production,
        "test": traffic.test,
        "termination minutes": group.termination_minutes,
        "shift": traffic_shift(group.config).steps(),
        "task sets": [
            {
                "id": task_set.id,
                "target group": task_set.target_group,
                "status": task_set.status,
                "version": task_set.version,
                "desired": task_set.desired,
                "running": runner.scheduler.counts(task_set.id).running,
                "healthy": runner.scheduler.counts(task_set.id).healthy,
                "stopped reason": task_set.stopped_reason,
            }
            for task_set in runner.scheduler.task_sets()
            if task_set.service == name
        ],
        "target groups": {
            target_group.name: _rates(runner, target_group.full_name, now)
            for target_group in (group.blue, group.green)
        },
    }


def _rates(runner: Runner, full_name: str, now: float) -> dict[str, float]:
    """How many requests the window had, how many failed, and the 95th percentile of their times (s)."""
    samples = runner.metrics.samples(full_name, now - WINDOW_S, now)
    times = sorted(sample.response_s for sample in samples if sample.answered)
    return {
        "requests": len(samples),
        "failed": sum(not sample.answered or sample.status >= 500 for sample in samples),
        "p95": times[int(len(times) * 0.95)] if times else 0.0,
    }
