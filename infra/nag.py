"""Runs cdk-nag's AwsSolutions rules over every stack when the app is synthesised."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from infra.checks.nag_acknowledgements import ACKNOWLEDGED


def check(app: cdk.App) -> None:
    """Let `app.synth()` fail on findings that are not acknowledged; validation-report.json lists all."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for row in ACKNOWLEDGED:
        cdk.Validations.of(_find(app, row.construct)).acknowledge(
            cdk.Acknowledgment(id=f"AwsSolutions::{row.rule}", reason=row.reason)
        )


def _find(app: cdk.App, path: str) -> IConstruct:
    node: IConstruct = app
    for part in path.split("/"):
        node = node.node.find_child(part)
    return node
