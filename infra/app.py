"""The CDK app: `python -m infra.app FOLDER` writes each stack's template there, after cdk-nag agreed.

No account, no network.
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
from infra.stacks.service import CodeDeployServiceStack, NativeServiceStack

# How CDK behaves in new projects; without these it keeps old habits for old templates
FLAGS = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
}


def build(folder: str) -> cdk.App:
    """The app with every stack, in the order they live."""
    app = cdk.App(outdir=folder, context=FLAGS)
    FoundationStack(app)
    NetworkStack(app)
    DataStack(app)
    PlatformStack(app)
    for service in SERVICES:
        CodeDeployServiceStack(app, service)
    PipelineStack(app)
    ObservabilityStack(app)
    DoraStack(app)
    # The same three without CodeDeploy have the same names, so they live in an assembly of their own
    native = cdk.Stage(app, "native")
    for service in SERVICES:
        NativeServiceStack(native, service)
    return app


if __name__ == "__main__":
    app = build(sys.argv[1])
    nag.check(app)
    app.synth()
