"""The names that the AWS files agree on: one table, no CDK in it.

buildspec.yml, taskdef.json, appspec.yaml and docker-compose.yml cannot import it; tests hold them to it.
"""

from dataclasses import dataclass

PROJECT = "lantern"
TAG = {"project": PROJECT}  # on all that can carry a tag; `make destroy` proves by it that nothing is left

CONTAINER = "app"
CONTAINER_PORT = 8080  # the same in all three services: a task definition's port is a number, no token fits
XRAY_CONTAINER = "xray-daemon"
XRAY_PORT = 2000
XRAY_DAEMON_VERSION = "3.7.0"  # the tag that is mirrored from ECR Public into the account's own registry

CLUSTER = PROJECT
CODEDEPLOY_APPLICATION = PROJECT
PIPELINE = PROJECT
BUILD_PROJECT = f"{PROJECT}-build"
# CodeDeploy's managed role may invoke functions of this prefix only; the prefix also tells what it is for
HOOK_FUNCTION = f"CodeDeployHook_{PROJECT}-smoke"
DORA_TABLE = f"{PROJECT}-dora"
DORA_COLLECT, DORA_COMPUTE = f"{PROJECT}-dora-collect", f"{PROJECT}-dora-compute"
DORA_SOURCE = f"{PROJECT}.delivery"  # of the events that people and tools send beside AWS's own
DORA_NAMESPACE = "Lantern/DORA"
DORA_WINDOWS_DAYS = (7, 30, 90)
# What dora.aws_lambda.cloudwatch_metrics sends for a service and window: a name, its title, its unit
DORA_FIGURES = (
    ("ChangeLeadTime", "Change lead time, median", "s"),
    ("DeploymentFrequency", "Deployment frequency", "a day"),
    ("ChangeFailRate", "Change fail rate", "%"),
    ("RecoveryTime", "Failed deployment recovery time, median", "s"),
    ("ReworkRate", "Deployment rework rate", "%"),
)
DORA_COUNTS = ("Deployments", "CommitsMeasured", "Recoveries")
DORA_COMPUTED = "Computed"
DORA_SILENT = f"{PROJECT}-dora-silent"  # the one alarm for which a minute without data is bad
PRIVATE_ZONE = f"{PROJECT}.internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service as AWS sees it: where it listens, whom it calls, which table is its own."""

    name: str
    production_port: int  # of the load balancer's production listener
    test_port: int  # of its test listener, which only the lifecycle hook reaches
    public: bool = False
    calls: tuple[str, ...] = ()
    table: str | None = None
    smoke_paths: tuple[str, ...]  # what the lifecycle hook asks a new version before it gets any traffic

    @property
    def family(self) -> str:
        """The task definition's family."""
        return f"{PROJECT}-{self.name}"

    @property
    def repository(self) -> str:
        """The ECR repository of its images."""
        return f"{PROJECT}/{self.name}"

    @property
    def log_group(self) -> str:
        """The CloudWatch log group of its lines."""
        return f"/{PROJECT}/{self.name}"

    @property
    def task_role(self) -> str:
        """The role that the service's own code has."""
        return f"{PROJECT}-{self.name}-task"

    @property
    def execution_role(self) -> str:
        """The role with which ECS pulls the images and writes the logs."""
        return f"{PROJECT}-{self.name}-execution"

    @property
    def host(self) -> str:
        """The name under which the other services find it, inside the network."""
        return f"{self.name}.{PRIVATE_ZONE}"


# Providers before consumers: this is also the order in which the pipeline deploys them
SERVICES = (
    Service(
        name="catalog",
        production_port=8081,
        test_port=9081,
        table="lantern-products",
        smoke_paths=("/readyz", "/products"),
    ),
    Service(
        name="orders",
        production_port=8082,
        test_port=9082,
        calls=("catalog",),
        table="lantern-orders",
        smoke_paths=("/readyz", "/orders?limit=1"),
    ),
    Service(
        name="storefront",
        production_port=80,
        test_port=9080,
        public=True,
        calls=("catalog", "orders"),
        smoke_paths=("/readyz", "/", "/api/products"),
    ),
)

SERVICE_STACKS = tuple(service.name for service in SERVICES)
# The order they live in. A template may have 51,200 bytes when it is sent with the request, so that
# `aws cloudformation deploy` needs no bucket: that is why each service is a stack of its own
STACKS = ("foundation", "network", "data", "platform", *SERVICE_STACKS, "pipeline", "observability", "dora")

XRAY_REPOSITORY = f"{PROJECT}/{XRAY_CONTAINER}"
XRAY_LOG_GROUP = f"/{PROJECT}/{XRAY_CONTAINER}"


def stack_name(stack: str) -> str:
    """The CloudFormation stack's name, also its template's file name."""
    return f"{PROJECT}-{stack}"
