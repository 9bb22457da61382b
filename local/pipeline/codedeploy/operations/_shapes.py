"""Deployments, targets, deployment groups and configurations in the shapes of CodeDeploy's API."""

import hashlib
from collections.abc import Sequence

from local.pipeline.architecture import DeploymentGroup, Listener, full_name
from local.pipeline.codedeploy.deployment_machine import Deployment
from local.pipeline.codedeploy.errors import (
    DeploymentConfigDoesNotExistException,
    DeploymentTargetDoesNotExistException,
)
from local.pipeline.codedeploy.operations._parts import Document, Parts
from local.pipeline.codedeploy.traffic_shifting import UnknownDeploymentConfig, traffic_shift
from local.pipeline.identifiers import arn


def deployment_info(deployment: Deployment) -> Document:
    """Return the shape DeploymentInfo."""
    is_live = deployment.status in ("Created", "InProgress")
    has_failed = deployment.status in ("Failed", "Stopped")
    error = {"code": deployment.error_code, "message": deployment.error_message}
    rollback = {
        "rollbackDeploymentId": deployment.rollback or None,
        "rollbackTriggeringDeploymentId": deployment.rolls_back or None,
        "rollbackMessage": deployment.rollback_message,
    }
    return {
        "applicationName": deployment.application,
        "deploymentGroupName": deployment.group,
        "deploymentConfigName": deployment.config,
        "deploymentId": deployment.id,
        "revision": {
            "revisionType": "AppSpecContent",
            "appSpecContent": {
                "content": deployment.app_spec,
                "sha256": hashlib.sha256(deployment.app_spec.encode()).hexdigest(),
            },
        },
        "status": deployment.status,
        "errorInformation": error if deployment.error_code else None,
        "createTime": deployment.created,
        "startTime": deployment.started,
        "completeTime": deployment.ended,
        "deploymentOverview": {
            "Pending": 0,
            "InProgress": int(is_live),
            "Succeeded": int(deployment.status == "Succeeded"),
            "Failed": int(has_failed),
            "Skipped": 0,
            "Ready": 0,
        },
        "description": deployment.description or None,
        "creator": deployment.creator,
        "rollbackInfo": rollback if deployment.rollback_message else None,
        "deploymentStyle": {
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
        "computePlatform": "ECS",
    }


def target_id(parts: Parts, deployment: Deployment) -> str:
    """Return the id of a deployment's only target, `cluster:service`."""
    group = parts.architecture.groups[deployment.group]
    return f"{group.cluster}:{group.service}"


def deployment_target(parts: Parts, deployment: Deployment, key: str) -> Document:
    """Return the shape DeploymentTarget. Raises DeploymentTargetDoesNotExistException."""
    if key != target_id(parts, deployment):
        raise DeploymentTargetDoesNotExistException(
            f"Deployment {deployment.id} has no target {key!r}, it has {target_id(parts, deployment)}"
        )
    group = parts.architecture.groups[deployment.group]
    last_started = max((event.started or 0 for event in deployment.events), default=deployment.created)
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": deployment.id,
            "targetId": key,
            "targetArn": arn("ecs", f"service/{group.cluster}/{group.service}"),
            "lastUpdatedAt": deployment.ended or last_started,
            "lifecycleEvents": [
                {
                    "lifecycleEventName": event.name,
                    "startTime": event.started,
                    "endTime": event.ended,
                    "status": event.status,
                    "diagnostics": {"message": event.message} if event.message else None,
                }
                for event in deployment.events
            ],
            "status": {"Created": "Pending", "Stopped": "Failed"}.get(deployment.status, deployment.status),
            "taskSetsInfo": [
                _task_set_info(parts, deployment.blue, "Blue")
                | {
                    "trafficWeight": float(100 - deployment.green_weight),
                    "targetGroup": {"name": deployment.blue_targets},
                },
                _task_set_info(parts, deployment.green, "Green")
                | {
                    "trafficWeight": float(deployment.green_weight),
                    "targetGroup": {"name": deployment.green_targets},
                },
            ],
        },
    }


def deployment_config(name: str) -> Document:
    """Return the shape DeploymentConfigInfo. Raises DeploymentConfigDoesNotExistException."""
    try:
        shift = traffic_shift(name)
    except UnknownDeploymentConfig as error:
        raise DeploymentConfigDoesNotExistException(str(error)) from None
    routing: Document = {"type": "AllAtOnce"}
    if shift.kind == "Canary":
        routing = {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": shift.percent, "canaryInterval": int(shift.minutes)},
        }
    if shift.kind == "Linear":
        routing = {
            "type": "TimeBasedLinear",
            "timeBasedLinear": {"linearPercentage": shift.percent, "linearInterval": int(shift.minutes)},
        }
    return {"deploymentConfigName": name, "computePlatform": "ECS", "trafficRoutingConfig": routing}


def deployment_group_info(parts: Parts, group: DeploymentGroup) -> Document:
    """Return the shape DeploymentGroupInfo."""
    attempted = [deployment for deployment in parts.deployments.all() if deployment.group == group.name]
    succeeded = [deployment for deployment in attempted if deployment.status == "Succeeded"]
    return {
        "applicationName": group.application,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.config,
        "computePlatform": "ECS",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": name} for name in group.alarms]},
        "autoRollbackConfiguration": {
            "enabled": bool(group.rolls_back_on),
            "events": list(group.rolls_back_on),
        },
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": int(group.termination_minutes),
            },
            "deploymentReadyOption": {
                "actionOnTimeout": "CONTINUE_DEPLOYMENT",
                "waitTimeInMinutes": int(group.ready_minutes),
            },
        },
        "loadBalancerInfo": {
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [{"name": group.blue.name}, {"name": group.green.name}],
                    "prodTrafficRoute": {"listenerArns": [_listener_arn(group.production)]},
                    "testTrafficRoute": {"listenerArns": [_listener_arn(group.test)]},
                }
            ]
        },
        "ecsServices": [{"clusterName": group.cluster, "serviceName": group.service}],
        "lastSuccessfulDeployment": _last_deployment_info(succeeded),
        "lastAttemptedDeployment": _last_deployment_info(attempted),
    }


def _listener_arn(listener: Listener) -> str:
    balancer, name = (full_name("app", name).split("/") for name in (listener.balancer, listener.name))
    return arn("elasticloadbalancing", f"listener/{'/'.join(balancer)}/{name[-1]}")


def _task_set_info(parts: Parts, key: str, label: str) -> Document:
    """The shape ECSTaskSet without its traffic; a task set that is gone has no tasks."""
    task_set, counts = parts.scheduler.task_set(key), parts.scheduler.counts(key)
    status = task_set.status if task_set else "DRAINING"
    return {
        "identifer": key,  # the API's own spelling
        "desiredCount": task_set.desired if task_set else 0,
        "pendingCount": counts.pending if task_set else 0,
        "runningCount": counts.running if task_set else 0,
        "status": "ACTIVE" if status == "WAITING" else status,
        "taskSetLabel": label,
    }


def _last_deployment_info(deployments: Sequence[Deployment]) -> Document | None:
    if not deployments:
        return None
    return {
        "deploymentId": deployments[-1].id,
        "status": deployments[-1].status,
        "createTime": deployments[-1].created,
        "endTime": deployments[-1].ended,
    }
