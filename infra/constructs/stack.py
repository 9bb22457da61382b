"""A stack whose template a person can read and deploy without CDK: plain names, no bootstrap, no assets."""

import re

import aws_cdk as cdk
from constructs import Construct

from infra.shop import TAG, stack_name


class LanternStack(cdk.Stack):
    """Names itself `lantern-<part>`, tags everything, and shares values under `lantern-<part>-<Name>`."""

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
        """`CatalogBlueTargetGroup` where CDK would write `CatalogpairBlueTargetGroup1A2B3C4D`.

        A construct that only groups others has a name in lower case, and leaves no trace.
        """
        path = element.node.path.split("/")[1:]
        parts = [part for part in path if part not in ("Resource", "Default") and not part[0].islower()]
        return re.sub(r"[^A-Za-z0-9]", "", "".join(parts))

    def share(self, name: str, value: str, description: str | None = None) -> None:
        """Offer `value` to the stacks that live later; they `take` it."""
        cdk.CfnOutput(
            self, name, value=value, export_name=f"{self.stack_name}-{name}", description=description
        )


def take(part: str, name: str) -> str:
    """What the stack of `part` shares under `name`."""
    return cdk.Fn.import_value(f"{stack_name(part)}-{name}")


def arn(service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
    """An ARN of this account and region, e.g. arn("logs", "log-group:/lantern/orders:*")."""
    return cdk.Fn.sub(
        f"arn:${{AWS::Partition}}:{service}:{'${AWS::Region}' if region else ''}"
        f":{'${AWS::AccountId}' if account else ''}:{resource}"
    )
