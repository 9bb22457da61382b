"""Asks CodeDeploy: the newest deployments, one with its target, its configuration and its group."""

from dataclasses import dataclass
from typing import Any

from console.aws import Aws
from console.deployment import Deployment, deployment_of, with_target
from console.errors import AwsError
from console.weights import Routing

AT_ONCE = 25  # the most that BatchGetDeployments takes
UNKNOWN = ("DeploymentDoesNotExistException", "InvalidDeploymentIdException")


@dataclass(frozen=True, slots=True)
class Group:
    """A deployment group: its pair of target groups, and what stops a deployment."""

    pair: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    rolls_back_on: tuple[str, ...] = ()


def newest(
    aws: Aws, application: str = "", group: str = "", statuses: tuple[str, ...] = ()
) -> list[Deployment]:
    """The newest deployments, of one group or all; raises AwsError."""
    asked: dict[str, Any] = {}
    if application and group:
        asked |= {"applicationName": application, "deploymentGroupName": group}
    if statuses:
        asked["includeOnlyStatuses"] = list(statuses)
    return _listed(aws, asked)


def one_deployment(aws: Aws, deployment_id: str) -> Deployment | None:
    """The deployment of that id with its target, None without one; raises AwsError."""
    try:
        answer = aws.ask(aws.codedeploy.get_deployment, deploymentId=deployment_id)["deploymentInfo"]
    except AwsError as error:
        if error.code in UNKNOWN:
            return None
        raise
    one = deployment_of(answer)
    targets = aws.ask(aws.codedeploy.list_deployment_targets, deploymentId=deployment_id).get("targetIds")
    if not targets:
        return one
    asked = {"deploymentId": deployment_id, "targetId": targets[0]}
    return with_target(one, aws.ask(aws.codedeploy.get_deployment_target, **asked)["deploymentTarget"])


def routing(aws: Aws, config: str) -> Routing:
    """How a deployment configuration shifts traffic; raises AwsError."""
    answer = aws.ask(aws.codedeploy.get_deployment_config, deploymentConfigName=config)
    how = answer["deploymentConfigInfo"].get("trafficRoutingConfig") or {}
    canary, linear = how.get("timeBasedCanary") or {}, how.get("timeBasedLinear") or {}
    if canary:
        percent, minutes = canary.get("canaryPercentage", 100), canary.get("canaryInterval", 0)
    else:
        percent, minutes = linear.get("linearPercentage", 100), linear.get("linearInterval", 0)
    return Routing(str(how.get("type", "AllAtOnce")), float(percent), float(minutes))


def group_of(aws: Aws, one: Deployment) -> Group:
    """The deployment's group as it is now; raises AwsError."""
    asked = {"applicationName": one.application, "deploymentGroupName": one.group}
    info = aws.ask(aws.codedeploy.get_deployment_group, **asked)["deploymentGroupInfo"]
    pairs = (info.get("loadBalancerInfo") or {}).get("targetGroupPairInfoList") or ()
    alarms, rollback = info.get("alarmConfiguration") or {}, info.get("autoRollbackConfiguration") or {}
    return Group(
        tuple(str(each.get("name", "")) for pair in pairs[:1] for each in pair.get("targetGroups", ())),
        tuple(str(each.get("name", "")) for each in alarms.get("alarms", ()) if alarms.get("enabled")),
        tuple(str(each) for each in rollback.get("events", ()) if rollback.get("enabled")),
    )


def previous(aws: Aws, one: Deployment) -> Deployment | None:
    """The deployment that brought what was there before: the group's last good one; raises AwsError."""
    asked: dict[str, Any] = {
        "applicationName": one.application,
        "deploymentGroupName": one.group,
        "includeOnlyStatuses": ["Succeeded"],
        "createTimeRange": {"end": one.created_s},
    }
    found = (each for each in _listed(aws, asked) if each.id != one.id and not each.rolls_back)
    return next((each for each in found if each.created_s < one.created_s), None)


def _listed(aws: Aws, asked: dict[str, Any]) -> list[Deployment]:
    ids = aws.ask(aws.codedeploy.list_deployments, **asked).get("deployments", [])[:AT_ONCE]
    if not ids:
        return []
    answer = aws.ask(aws.codedeploy.batch_get_deployments, deploymentIds=ids)
    found = [deployment_of(one) for one in answer.get("deploymentsInfo", ())]
    return sorted(found, key=lambda each: each.created_s, reverse=True)
