"""The CDK app: `python -m infra.app FOLDER` writes each stack's template there. No account, no network."""

import sys

import aws_cdk as cdk

from infra.shop import SERVICES
from infra.stacks.data import DataStack
from infra.stacks.foundation import FoundationStack
from infra.stacks.network import NetworkStack
from infra.stacks.platform import PlatformStack
from infra.stacks.service import ServiceStack

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
        ServiceStack(app, service)
    return app


if __name__ == "__main__":
    build(sys.argv[1]).synth()
