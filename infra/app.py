"""The CDK app: `python -m infra.app FOLDER` writes each stack's template there, unless cdk-nag has a finding.

It needs no account and no network.
"""

import sys

import aws_cdk as cdk

from infra import nag
from infra.shop import SERVICES
from infra.stacks.data import DataStack
from infra.stacks.dora import DoraStack
from infra.stacks.foundation import FoundationStack
from infra.stacks.network import NetworkStack
from infra.stacks.observability import ObservabilityStack
from infra.stacks.pipeline import PipelineStack
from infra.stacks.platform import PlatformStack
from infra.stacks.service import ServiceStack

# CDK's behaviour in new projects; without these flags it makes templates as its older versions did
FLAGS = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
}


def build(folder: str) -> cdk.App:
    """The app with every stack, in the order of their deployment."""
    app = cdk.App(outdir=folder, context=FLAGS)
    FoundationStack(app)
    NetworkStack(app)
    DataStack(app)
    PlatformStack(app)
    for service in SERVICES:
        ServiceStack(app, service)
    PipelineStack(app)
    ObservabilityStack(app)
    DoraStack(app)
    # The same three without CodeDeploy have the same names, so they live in an assembly of their own
    native = cdk.Stage(app, "native")
    for service in SERVICES:
        ServiceStack(native, service, ecs_canary=True)
    return app


if __name__ == "__main__":
    app = build(sys.argv[1])
    nag.check(app)
    app.synth()
