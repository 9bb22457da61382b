"""Deployments, targets, groups and configurations as CodeDeploy's API shows them."""

import hashlib
from typing import Any

from local.pipeline.architecture import ArchitectureError, DeploymentGroup, Listener, full_name, shift
from local.pipeline.codedeploy.deployment_machine import Deployment
from local.pipeline.codedeploy.errors import (
    DeploymentConfigDoesNotExistException,
    DeploymentTargetDoesNotExistException,
)
from local.pipeline.codedeploy.operations._parts import Parts
from local.pipeline.identifiers import arn


def deployment(one: Deployment) -> dict[str, Any]:
    """GetDeployment's shape."""
    rollback = {
        "rollbackDeploymentId": one.rollback or None,
        "rollbackTriggeringDeploymentId": one.rolls_back or None,
        "rollbackMessage": one.rollback_message,
    }
    is_live = one.status in ("Created", "InProgress")
    return {
        "applicationName": one.application,
        "deploymentGroupName": one.group,
        "deploymentConfigName": one.config,
        "deploymentId": one.id,
        "revision": {
            "revisionType": "AppSpecContent",
            "appSpecContent": {
                "content": one.app_spec,
                "sha256": hashlib.sha256(one.app_spec.encode()).hexdigest(),
            },
        },
        "status": one.status,
        "errorInformation": {"code": one.error_code, "message": one.error_message}
        if one.error_code
        else None,
        "createTime": one.created,
        "startTime": one.started,
        "completeTime": one.ended,
        "deploymentOverview": {
            "Pending": 0,
            "InProgress": int(is_live),
            "Succeeded": int(one.status == "Succeeded"),
            "Failed": int(one.status in ("Failed", "Stopped")),
            "Skipped": 0,
            "Ready": 0,
        },
        "description": one.description or None,
        "creator": one.creator,
        "rollbackInfo": rollback if one.rollback_message else None,
        "deploymentStyle": {
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
        "computePlatform": "ECS",
    }


def target_id(parts: Parts, one: Deployment) -> str:
    """Such as lantern:orders."""
    group = parts.architecture.groups[one.group]
    return f"{group.cluster}:{group.service}"


def target(parts: Parts, one: Deployment, key: str) -> dict[str, Any]:
    """GetDeploymentTarget's shape. Raises DeploymentTargetDoesNotExistException."""
    if key != target_id(parts, one):
        raise DeploymentTargetDoesNotExistException(
            f"Deployment {one.id} has no target {key!r}, it has {target_id(parts, one)}"
        )
    group = parts.architecture.groups[one.group]
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": one.id,
            "targetId": key,
            "targetArn": arn("ecs", f"service/{group.cluster}/{group.service}"),
            "lastUpdatedAt": one.ended
            or max((event.started or 0 for event in one.events), default=one.created),
            "lifecycleEvents": [
                {
                    "lifecycleEventName": event.name,
                    "startTime": event.started,
                    "endTime": event.ended,
                    "status": event.status,
                    "diagnostics": {"message": event.message} if event.message else None,
                }
                for event in one.events
            ],
            "status": _target_status(one),
            "taskSetsInfo": [
                _task_set(parts, one.blue, "Blue", one.blue_targets, 100 - one.green_weight),
                _task_set(parts, one.green, "Green", one.green_targets, one.green_weight),
            ],
        },
    }


def config(name: str) -> dict[str, Any]:
    """GetDeploymentConfig's shape. Raises DeploymentConfigDoesNotExistException."""
    try:
        found = shift(name)
    except ArchitectureError as error:
        raise DeploymentConfigDoesNotExistException(str(error)) from None
    how: dict[str, Any] = {"type": "AllAtOnce"}
    if found.kind == "Canary":
        how = {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": found.percent, "canaryInterval": int(found.minutes)},
        }
    if found.kind == "Linear":
        how = {
            "type": "TimeBasedLinear",
            "timeBasedLinear": {"linearPercentage": found.percent, "linearInterval": int(found.minutes)},
        }
    return {"deploymentConfigName": name, "computePlatform": "ECS", "trafficRoutingConfig": how}


def group(parts: Parts, one: DeploymentGroup) -> dict[str, Any]:
    """GetDeploymentGroup's shape."""
    mine = [there for there in parts.deployments.all() if there.group == one.name]
    good = [there for there in mine if there.status == "Succeeded"]
    return {
        "applicationName": one.application,
        "deploymentGroupName": one.name,
        "deploymentConfigName": one.shift.name,
        "computePlatform": "ECS",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": name} for name in one.alarms]},
        "autoRollbackConfiguration": {"enabled": bool(one.rolls_back_on), "events": list(one.rolls_back_on)},
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": int(one.termination_minutes),
            },
            "deploymentReadyOption": {
                "actionOnTimeout": "CONTINUE_DEPLOYMENT",
                "waitTimeInMinutes": int(one.ready_minutes),
            },
        },
        "loadBalancerInfo": {
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [{"name": one.blue.name}, {"name": one.green.name}],
                    "prodTrafficRoute": {"listenerArns": [listener_arn(one.production)]},
                    "testTrafficRoute": {"listenerArns": [listener_arn(one.test)]},
                }
            ]
        },
        "ecsServices": [{"clusterName": one.cluster, "serviceName": one.service}],
        "lastSuccessfulDeployment": _last(good),
        "lastAttemptedDeployment": _last(mine),
    }


def listener_arn(one: Listener) -> str:
    """What it would be called on AWS."""
    balancer, listener = (full_name("app", name).split("/") for name in (one.balancer, one.name))
    return arn("elasticloadbalancing", f"listener/{'/'.join(balancer)}/{listener[-1]}")


def _task_set(parts: Parts, key: str, label: str, targets: str, weight: int) -> dict[str, Any]:
    """As it is, or with nothing in it when it is gone."""
    task_set, health = parts.fleet.task_set(key), parts.fleet.health(key)
    status = task_set.status if task_set else "DRAINING"
    return {
        "identifer": key,  # the API's own spelling
        "desiredCount": task_set.desired if task_set else 0,
        "pendingCount": health.pending if task_set else 0,
        "runningCount": health.running if task_set else 0,
        "status": "ACTIVE" if status == "WAITING" else status,
        "trafficWeight": float(weight),
        "targetGroup": {"name": targets},
        "taskSetLabel": label,
    }


def _target_status(one: Deployment) -> str:
    if one.status in ("Failed", "Stopped"):
        return "Failed"
    return {"Created": "Pending"}.get(one.status, one.status)


def _last(found: list[Deployment]) -> dict[str, Any] | None:
    if not found:
        return None
    one = found[-1]
    return {
        "deploymentId": one.id,
        "status": one.status,
        "createTime": one.created,
        "endTime": one.ended,
    }
