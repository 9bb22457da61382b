"""cdk-nag's findings that may stay, and why.

A finding without a row here fails the synthesis; a row without a finding fails `make verify-infra`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from infra.shop import SERVICES, XRAY_CONTAINER


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One finding at one construct, and the reason why it stays."""

    construct: str
    rule: str
    reason: str


def _arn(service: str, resource: str) -> str:
    """An ARN of this account as cdk-nag writes it in a finding's name."""
    return f"arn:<AWS::Partition>:{service}:<AWS::Region>:<AWS::AccountId>:{resource}"


NO_RESOURCE = "These calls know no resource: the service authorization reference lists only '*' for them"
STREAMS = "The log streams inside one log group; their names come with the task"
LISTENERS = {
    _arn("elasticloadbalancing", f"{kind}/app/lantern-{balancer}/*"): (
        "Both listeners of this one load balancer; CloudFormation makes their ids"
    )
    for kind in ("listener", "listener-rule")
    for balancer in ("public", "internal")
}
ARTIFACTS = {
    "arn:<AWS::Partition>:s3:::lantern-foundation-ArtifactBucket/lantern/*": (
        "Every artifact of the one pipeline; CodePipeline names them by execution"
    )
}


def _table_indexes(table: str | None) -> dict[str, str]:
    if table is None:
        return {}
    export = f"lantern-data-{table.removeprefix('lantern-').title()}TableArn"
    return {f"{export}/index/*": "The indexes of its own table"}


# Role: resources with a wildcard in its policy, and why it may have them
WILDCARDS: dict[str, dict[str, str]] = {
    "lantern-platform/DeployerRole": {
        "*": f"{NO_RESOURCE} (load balancers, alarms)",
        **LISTENERS,
        **{
            _arn("ecs", f"task-set/lantern/{service.name}/*"): (
                "CodeDeploy makes the task sets of this one service; their ids come with the deployment"
            )
            for service in SERVICES
        },
    },
    "lantern-pipeline/SmokeHook/Role": {"*": f"{NO_RESOURCE} (network interfaces)"},
    "lantern-pipeline/Build/Role": {
        "*": f"{NO_RESOURCE} (ecr:GetAuthorizationToken)",
        _arn("codebuild", "report-group/lantern-build-*"): (
            "CodeBuild names a report group after its project and the buildspec's report"
        ),
        **ARTIFACTS,
    },
    "lantern-pipeline/PipelineRole": {
        "*": f"{NO_RESOURCE} (ecs:RegisterTaskDefinition)",
        _arn("codedeploy", "deploymentconfig:*"): (
            "Reading the deployment configuration that a deployment group names, AWS's or one's own"
        ),
        **{
            _arn("ecs", f"task-definition/{service.family}:*"): (
                "Every revision of one family; the number comes with the registration"
            )
            for service in SERVICES
        },
        **ARTIFACTS,
    },
    "lantern-dora/functions/Compute/Role": {
        "*": f"{NO_RESOURCE} (CodeDeploy's targets; cloudwatch:PutMetricData, held to one namespace)",
        _arn("cloudwatch", "alarm:*"): (
            "A history of several alarms is asked for without their names, and needs the right to all of them"
        ),
    },
}
for _service in SERVICES:
    WILDCARDS[f"native/lantern-{_service.name}/ShifterRole"] = {
        "*": f"{NO_RESOURCE} (load balancers)",
        _arn("elasticloadbalancing", f"targetgroup/lantern-{_service.name}-*/*"): (
            "Blue and green of this one service; CloudFormation makes their ids"
        ),
        **LISTENERS,
    }
    for _stack in (f"lantern-{_service.name}", f"native/lantern-{_service.name}"):
        WILDCARDS[f"{_stack}/roles/TaskRole"] = {
            "*": f"{NO_RESOURCE} (X-Ray)",
            **_table_indexes(_service.table),
        }
        WILDCARDS[f"{_stack}/roles/ExecutionRole"] = {
            "*": f"{NO_RESOURCE} (ecr:GetAuthorizationToken)",
            **{
                _arn("logs", f"log-group:/lantern/{group}:*"): STREAMS
                for group in (_service.name, XRAY_CONTAINER)
            },
        }

ACKNOWLEDGED = (
    *(
        Acknowledgement(
            construct=f"lantern-network/security_groups/CustomersToPublicLoadBalancer{port}",
            rule="AwsSolutions-EC23",
            reason="Customers come from anywhere. Every other group names who may connect",
        )
        for port in (80, 443)
    ),
    *(
        Acknowledgement(
            construct=f"{stage}lantern-{service.name}/TaskDefinition",
            rule="AwsSolutions-ECS2",
            reason="Addresses, tables, levels: a reader of the task definition should see them; no secrets",
        )
        for service in SERVICES
        for stage in ("", "native/")
    ),
    Acknowledgement(
        construct="lantern-platform/Cluster",
        rule="AwsSolutions-ECS4",
        reason="Container Insights is paid for by the metric; dashboard and X-Ray show enough",
    ),
    Acknowledgement(
        construct="lantern-pipeline/Build/Project/Resource",
        rule="AwsSolutions-CB4",
        reason="Artifacts hold no secrets and are encrypted with S3's keys; one's own costs 1 USD a month",
    ),
    *(
        Acknowledgement(
            construct=f"{role}/Resource", rule=f"AwsSolutions-IAM5[Resource::{resource}]", reason=reason
        )
        for role, reasons in WILDCARDS.items()
        for resource, reason in reasons.items()
    ),
)


def outdated(report: Path) -> list[str]:
    """Rows without a finding in the validation report that a synthesis wrote to `report`."""
    plugins = json.loads(report.read_text())["pluginReports"]
    findings = {
        (construct["constructPath"], finding["ruleName"])
        for plugin in plugins
        for finding in plugin.get("suppressedViolations", [])
        for construct in finding["violatingConstructs"]
    }
    return [
        f"infra/checks/nag_acknowledgements.py: cdk-nag does not find {row.rule} at {row.construct}; "
        "take the row out"
        for row in ACKNOWLEDGED
        if (row.construct, row.rule) not in findings
    ]
