"""cdk-nag's findings that stay, and why each is all right.

A finding without a row here fails the synthesis; a row without a finding fails `make verify-infra`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from infra.shop import SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One finding at one construct, and the reason why it stays."""

    construct: str
    rule: str
    reason: str


def _arn(service: str, resource: str) -> str:
    """As cdk-nag writes an ARN of this account in a finding's name."""
    return f"arn:<AWS::Partition>:{service}:<AWS::Region>:<AWS::AccountId>:{resource}"


def _any(construct: str, resource: str, reason: str) -> Acknowledgement:
    return Acknowledgement(
        construct=construct, rule=f"AwsSolutions-IAM5[Resource::{resource}]", reason=reason
    )


STREAMS = "The log streams inside one log group; their names come with the task, the build or the interface"
NO_RESOURCE = "These calls know no resource: the service authorization reference lists only '*' for them"
TASK_SETS = "CodeDeploy makes the task sets of this one service; their ids come with the deployment"
LISTENERS = "Both listeners of this one load balancer; CloudFormation makes their ids"


def _of_service(stage: str, name: str, table: str | None) -> list[Acknowledgement]:
    stack = f"{stage}lantern-{name}"
    rows = [
        _any(f"{stack}/roles/TaskRole/Resource", "*", f"{NO_RESOURCE} (X-Ray)"),
        _any(f"{stack}/roles/ExecutionRole/Resource", "*", f"{NO_RESOURCE} (ecr:GetAuthorizationToken)"),
        Acknowledgement(
            construct=f"{stack}/task/TaskDefinition",
            rule="AwsSolutions-ECS2",
            reason="Addresses, tables, levels: a reader of the task definition should see them; no secrets",
        ),
    ]
    rows += [
        _any(f"{stack}/roles/ExecutionRole/Resource", _arn("logs", f"log-group:/lantern/{group}:*"), STREAMS)
        for group in (name, "xray-daemon")
    ]
    if table:
        export = f"lantern-data-{table.removeprefix('lantern-').title()}TableArn"
        rows.append(
            _any(f"{stack}/roles/TaskRole/Resource", f"{export}/index/*", "The indexes of its own table")
        )
    return rows


def _of_shifter(role: str, name: str) -> list[Acknowledgement]:
    return [
        _any(role, "*", f"{NO_RESOURCE} (load balancers)"),
        _any(
            role,
            _arn("elasticloadbalancing", f"targetgroup/lantern-{name}-*/*"),
            "Blue and green of this one service; CloudFormation makes their ids",
        ),
        *(
            _any(role, _arn("elasticloadbalancing", f"{kind}/app/lantern-{balancer}/*"), LISTENERS)
            for kind in ("listener", "listener-rule")
            for balancer in ("public", "internal")
        ),
    ]


ACKNOWLEDGED: tuple[Acknowledgement, ...] = (
    *(
        Acknowledgement(
            construct=f"lantern-network/security_groups/CustomersToPublicLoadBalancer{port}",
            rule="AwsSolutions-EC23",
            reason="The front door: customers come from anywhere. Every other group names who comes in",
        )
        for port in (80, 443)
    ),
    _any("lantern-network/FlowLogs/Role/Resource", _arn("logs", "log-group:/lantern/network:*"), STREAMS),
    Acknowledgement(
        construct="lantern-platform/Cluster",
        rule="AwsSolutions-ECS4",
        reason="Container Insights is paid for by the metric; dashboard and X-Ray show enough",
    ),
    _any("lantern-platform/DeployerRole/Resource", "*", f"{NO_RESOURCE} (load balancers, alarms)"),
    *(
        _any(
            "lantern-platform/DeployerRole/Resource",
            _arn("elasticloadbalancing", f"{kind}/app/lantern-{balancer}/*"),
            LISTENERS,
        )
        for kind in ("listener", "listener-rule")
        for balancer in ("public", "internal")
    ),
    *(
        _any(
            "lantern-platform/DeployerRole/Resource",
            _arn("ecs", f"task-set/lantern/{service.name}/*"),
            TASK_SETS,
        )
        for service in SERVICES
    ),
    *(
        row
        for service in SERVICES
        for stage in ("", "native/")
        for row in _of_service(stage, service.name, service.table)
    ),
    *(
        row
        for service in SERVICES
        for row in _of_shifter(f"native/lantern-{service.name}/service/ShifterRole/Resource", service.name)
    ),
    _any("lantern-pipeline/SmokeHook/Role/Resource", "*", f"{NO_RESOURCE} (network interfaces)"),
    _any(
        "lantern-pipeline/SmokeHook/Role/Resource", _arn("logs", "log-group:/lantern/smoke-hook:*"), STREAMS
    ),
    _any("lantern-pipeline/Build/Role/Resource", "*", f"{NO_RESOURCE} (ecr:GetAuthorizationToken)"),
    _any("lantern-pipeline/Build/Role/Resource", _arn("logs", "log-group:/lantern/build:*"), STREAMS),
    _any(
        "lantern-pipeline/Build/Role/Resource",
        _arn("codebuild", "report-group/lantern-build-*"),
        "CodeBuild names a report group after its project and the buildspec's report",
    ),
    Acknowledgement(
        construct="lantern-pipeline/Build/Project",
        rule="AwsSolutions-CB4",
        reason="Artifacts hold no secrets and are encrypted with S3's keys; one's own costs 1 USD a month",
    ),
    *(
        _any(
            f"lantern-pipeline/{role}/Resource",
            "arn:<AWS::Partition>:s3:::lantern-foundation-ArtifactBucket/*",
            "Every object of the one artifact bucket; CodePipeline names them by execution",
        )
        for role in ("Build/Role", "PipelineRole")
    ),
    *(
        _any(
            f"lantern-dora/functions/{name.title()}Role/Resource",
            _arn("logs", f"log-group:/lantern/dora-{name}:*"),
            STREAMS,
        )
        for name in ("collect", "compute")
    ),
    _any(
        "lantern-dora/functions/ComputeRole/Resource",
        "*",
        f"{NO_RESOURCE} (CodeDeploy's targets; cloudwatch:PutMetricData, held to one namespace)",
    ),
    _any("lantern-pipeline/PipelineRole/Resource", "*", f"{NO_RESOURCE} (ecs:RegisterTaskDefinition)"),
    _any(
        "lantern-pipeline/PipelineRole/Resource",
        _arn("codedeploy", "deploymentconfig:*"),
        "Reading the deployment configuration that a deployment group names, AWS's or one's own",
    ),
    *(
        _any(
            "lantern-pipeline/PipelineRole/Resource",
            _arn("ecs", f"task-definition/{service.family}:*"),
            "Every revision of one family; the number comes with the registration",
        )
        for service in SERVICES
    ),
)


def outdated(report: Path) -> list[str]:
    """Rows whose finding is gone, by the validation report of a synthesis."""
    plugins = json.loads(report.read_text())["pluginReports"]
    found = {
        (construct["constructPath"], finding["ruleName"])
        for plugin in plugins
        for finding in plugin.get("suppressedViolations", [])
        for construct in finding["violatingConstructs"]
    }
    return [
        f"infra/checks/nag_acknowledgements.py: cdk-nag does not find {row.rule} at {row.construct}; "
        "take the row out"
        for row in ACKNOWLEDGED
        if (row.construct, row.rule) not in found
    ]
