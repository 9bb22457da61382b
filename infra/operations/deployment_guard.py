"""Refuses updates of a service's stack that would disturb or undo a deployment by CodeDeploy.

CodeDeploy owns the listeners. CloudFormation would send traffic back to blue, where no tasks are after an odd
number of deployments.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html
"""

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.operations.stacks import Change
from infra.shop import CLUSTER, CODEDEPLOY_APPLICATION, PROJECT

ECS_SERVICE = "AWS::ECS::Service"
RUNNING = ["Created", "Queued", "InProgress", "Baking", "Ready"]
OWNED_BY_CODEDEPLOY = {
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    ECS_SERVICE,
}


def check(account: Account, service: str, changes: list[Change]) -> None:
    """Raise AccountError when `changes` of the stack of `service` would disturb or undo a deployment."""
    if running := running_deployments(account, service):
        raise AccountError(
            f"{PROJECT}-{service}: deployment {running[0]} is running; wait for it, or stop it with "
            f"'aws deploy stop-deployment --deployment-id {running[0]}'"
        )
    if services := sorted(
        change.resource for change in changes if change.type == ECS_SERVICE and change.action == "Modify"
    ):
        raise AccountError(
            f"{PROJECT}-{service}: the change set modifies {', '.join(services)}. CloudFormation sends every "
            "property, and ECS takes neither network, platform, task definition nor load balancers of a "
            "service that CodeDeploy deploys: the update would fail. Leave the template's service as it is; "
            f"change the rest with 'aws ecs update-service --cluster {CLUSTER} --service {service}', and "
            "what its tasks are by a deployment: push a commit with another taskdef.json"
        )
    touched = sorted(change.resource for change in changes if change.type in OWNED_BY_CODEDEPLOY)
    if touched and not _blue_is_primary(account, service):
        raise AccountError(
            f"{PROJECT}-{service}: the change touches {', '.join(touched)} while green has the traffic; "
            "CloudFormation would send it to blue, where no tasks are. Deploy once more, then try again"
        )


def running_deployments(account: Account, service: str) -> list[str]:
    """The ids of the running deployments of `service`; none where there is no deployment group."""
    try:
        answer = account.client("codedeploy").list_deployments(
            applicationName=CODEDEPLOY_APPLICATION,
            deploymentGroupName=service,
            includeOnlyStatuses=RUNNING,
        )
    except ClientError as error:
        if "DoesNotExist" in error.response["Error"]["Code"]:
            return []
        raise AccountError(f"{service}: {error}") from None
    return list(answer["deployments"])


def _blue_is_primary(account: Account, service: str) -> bool:
    services = account.client("ecs").describe_services(cluster=CLUSTER, services=[service])["services"]
    primary = [
        balancer["targetGroupArn"]
        for ecs_service in services
        for task_set in ecs_service.get("taskSets", [])
        if task_set["status"] == "PRIMARY"
        for balancer in task_set["loadBalancers"]
    ]
    return all(f"targetgroup/{PROJECT}-{service}-blue/" in arn for arn in primary)
