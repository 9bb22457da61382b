"""Asks CodeDeploy: the newest deployments, one with its target, its configuration and its group."""

from typing import Any

from console.pipeline.deployments import (
    Deployment,
    DeploymentGroup,
    TrafficRouting,
    deployment_of,
    with_target,
)
from console.shared.aws import Aws

AT_ONCE = 25  # the most that BatchGetDeployments takes
UNKNOWN = ("DeploymentDoesNotExistException", "InvalidDeploymentIdException")


def newest_deployments(
    aws: Aws, application: str = "", group: str = "", statuses: tuple[str, ...] = ()
) -> list[Deployment]:
    """Return the newest deployments of one group or of all, the newest first; raises AwsError."""
    parameters: dict[str, Any] = {}
    if application and group:
        parameters |= {"applicationName": application, "deploymentGroupName": group}
    if statuses:
        parameters["includeOnlyStatuses"] = list(statuses)
    return _deployments(aws, parameters)


def get_deployment(aws: Aws, deployment_id: str) -> Deployment | None:
    """Return the deployment with that id and its target, or None; raises AwsError."""
    answer = aws.find("codedeploy", "get_deployment", UNKNOWN, deploymentId=deployment_id)
    if answer is None:
        return None
    deployment = deployment_of(answer["deploymentInfo"])
    targets = aws.ask("codedeploy", "list_deployment_targets", deploymentId=deployment_id).get("targetIds")
    if not targets:
        return deployment
    target = aws.ask("codedeploy", "get_deployment_target", deploymentId=deployment_id, targetId=targets[0])[
        "deploymentTarget"
    ]
    return with_target(deployment, target)


def traffic_routing(aws: Aws, config: str) -> TrafficRouting:
    """Return how a deployment configuration shifts traffic; raises AwsError."""
    answer = aws.ask("codedeploy", "get_deployment_config", deploymentConfigName=config)
    routing = answer["deploymentConfigInfo"].get("trafficRoutingConfig") or {}
    canary, linear = routing.get("timeBasedCanary") or {}, routing.get("timeBasedLinear") or {}
    if canary:
        percent, minutes = canary.get("canaryPercentage", 100), canary.get("canaryInterval", 0)
    else:
        percent, minutes = linear.get("linearPercentage", 100), linear.get("linearInterval", 0)
    return TrafficRouting(str(routing.get("type", "AllAtOnce")), float(percent), float(minutes))


def group_of(aws: Aws, deployment: Deployment) -> DeploymentGroup:
    """Return the deployment's group as it is now; raises AwsError."""
    info = aws.ask("codedeploy", "get_deployment_group", **_group_parameters(deployment))[
        "deploymentGroupInfo"
    ]
    pairs = (info.get("loadBalancerInfo") or {}).get("targetGroupPairInfoList") or ()
    alarms = info.get("alarmConfiguration") or {}
    return DeploymentGroup(
        tuple(str(group.get("name", "")) for pair in pairs[:1] for group in pair.get("targetGroups", ())),
        tuple(str(alarm.get("name", "")) for alarm in alarms.get("alarms", ()) if alarms.get("enabled")),
    )


def previous_deployment(aws: Aws, deployment: Deployment) -> Deployment | None:
    """Return the group's last good deployment before this one, which brought its blue; raises AwsError."""
    earlier = _deployments(
        aws,
        {
            **_group_parameters(deployment),
            "includeOnlyStatuses": ["Succeeded"],
            "createTimeRange": {"end": deployment.created_s},
        },
    )
    return next(
        (
            candidate
            for candidate in earlier
            if not candidate.rolls_back
            and candidate.id != deployment.id
            and candidate.created_s < deployment.created_s
        ),
        None,
    )


def _group_parameters(deployment: Deployment) -> dict[str, str]:
    return {"applicationName": deployment.application, "deploymentGroupName": deployment.group}


def _deployments(aws: Aws, parameters: dict[str, Any]) -> list[Deployment]:
    ids = aws.ask("codedeploy", "list_deployments", **parameters).get("deployments", [])[:AT_ONCE]
    if not ids:
        return []
    answer = aws.ask("codedeploy", "batch_get_deployments", deploymentIds=ids)
    deployments = [deployment_of(info) for info in answer.get("deploymentsInfo", ())]
    return sorted(deployments, key=lambda deployment: deployment.created_s, reverse=True)
