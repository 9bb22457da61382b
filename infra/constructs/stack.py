"""The base class of Lantern's stacks: readable templates that deploy without CDK, bootstrap or assets."""

import re

import aws_cdk as cdk
from constructs import Construct, IConstruct

from infra.shop import TAG, stack_name


class LanternStack(cdk.Stack):
    """A stack named `lantern-<part>`, tagged with `infra.shop.TAG`, whose exports start with its name."""

    def __init__(self, scope: Construct, part: str, *, description: str) -> None:
        super().__init__(
            scope,
            stack_name(part),
            stack_name=stack_name(part),
            description=description,
            analytics_reporting=False,
            # Account and region stay open, so that one committed template serves everybody
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        for key, value in TAG.items():
            cdk.Tags.of(self).add(key, value)

    def _allocate_logical_id(self, element: cdk.CfnElement) -> str:
        """Return `CatalogBlueTargetGroup` where CDK would write `CatalogpairBlueTargetGroup1A2B3C4D`.

        A construct whose id starts in lower case only groups others: its id is left out.
        """
        path = element.node.path.split("/")[1:]
        parts = [part for part in path if part not in ("Resource", "Default") and not part[0].islower()]
        # The permission that an EventBridge rule gets for its function is named after both, with a hash
        parts = ["Permission" if part.startswith("AllowEventRule") else part for part in parts]
        return re.sub(r"[^A-Za-z0-9]", "", "".join(parts))

    def export(self, name: str, value: str) -> None:
        """Export `value` as `<stack name>-<name>`; later stacks read it with `import_value`."""
        cdk.CfnOutput(self, name, value=value, export_name=f"{self.stack_name}-{name}")


def import_value(part: str, name: str) -> str:
    """The value that the stack of `part` exports under `name`, as an `Fn::ImportValue`."""
    return cdk.Fn.import_value(f"{stack_name(part)}-{name}")


def import_values(part: str, name: str, count: int) -> list[str]:
    """The `count` values of an export that joins them with commas."""
    return cdk.Fn.split(",", import_value(part, name), count)


def arn(service: str, resource: str, *, region: bool = True) -> str:
    """The ARN of a resource of this account, e.g. arn("logs", "log-group:/lantern/orders:*").

    `region=False` leaves the region empty, as IAM's ARNs have it.
    """
    return cdk.Fn.sub(
        f"arn:${{AWS::Partition}}:{service}:{'${AWS::Region}' if region else ''}"
        f":${{AWS::AccountId}}:{resource}"
    )


def cfn_resource(construct: IConstruct) -> cdk.CfnResource:
    """The CloudFormation resource of a higher-level construct, for what only CloudFormation can express."""
    resource = construct.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{construct.node.path} is not made of one CloudFormation resource")
    return resource
