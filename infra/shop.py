"""The names, ports and paths that the AWS files share: one table.

buildspec.yml, taskdef.json, appspec.yaml and docker-compose.yml repeat them; `make verify-infra` compares.
"""

from dataclasses import dataclass

PROJECT = "lantern"
# What checks and examples use in place of a real account
EXAMPLE_ACCOUNT, EXAMPLE_REGION = "111122223333", "us-east-1"
TAG = {"project": PROJECT}  # on every resource that can have tags; `make destroy` looks for it at the end

CONTAINER = "app"
CONTAINER_PORT = 8080  # the same in all three services: a task definition's port is a number, no token fits
XRAY_CONTAINER = "xray-daemon"
XRAY_PORT = 2000
XRAY_DAEMON_VERSION = "3.7.0"  # the tag that is mirrored from ECR Public into the account's own registry

CLUSTER = PROJECT
CODEDEPLOY_APPLICATION = PROJECT
PIPELINE = PROJECT
BUILD_PROJECT = f"{PROJECT}-build"
# AWS's managed policy for CodeDeploy allows functions with this prefix only
HOOK_FUNCTION = f"CodeDeployHook_{PROJECT}-smoke"
DORA_TABLE = f"{PROJECT}-dora"
DORA_COLLECT, DORA_COMPUTE = f"{PROJECT}-dora-collect", f"{PROJECT}-dora-compute"
DORA_SOURCE = f"{PROJECT}.delivery"  # of the events that people and tools send to EventBridge
DORA_NAMESPACE = "Lantern/DORA"
DORA_WINDOWS_DAYS = (7, 30, 90)
# What dora.aws_lambda.cloudwatch_metrics sends for a service and window: a name, its title, its unit
DORA_METRICS = (
    ("ChangeLeadTime", "Change lead time, median", "s"),
    ("DeploymentFrequency", "Deployment frequency", "a day"),
    ("ChangeFailRate", "Change fail rate", "%"),
    ("RecoveryTime", "Failed deployment recovery time, median", "s"),
    ("ReworkRate", "Deployment rework rate", "%"),
)
DORA_COUNTS = ("Deployments", "CommitsMeasured", "Recoveries")
DORA_COMPUTED = "Computed"
DORA_SILENT = f"{PROJECT}-dora-silent"  # the alarm that goes off without data
PRIVATE_ZONE = f"{PROJECT}.internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: its ports, the services that it calls, its table, the paths of its smoke test."""

    name: str
    production_port: int  # of the load balancer's production listener
    test_port: int  # of its test listener, which only the lifecycle hook reaches
    public: bool = False
    calls: tuple[str, ...] = ()
    table: str | None = None
    smoke_paths: tuple[str, ...]  # that the lifecycle hook asks of a new version before it gets traffic

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
        """Its CloudWatch log group."""
        return f"/{PROJECT}/{self.name}"

    @property
    def task_role(self) -> str:
        """The role of the service's own code."""
        return f"{PROJECT}-{self.name}-task"

    @property
    def execution_role(self) -> str:
        """The role with which ECS pulls images and writes logs."""
        return f"{PROJECT}-{self.name}-execution"

    @property
    def host(self) -> str:
        """Its DNS name inside the VPC, which the other services call."""
        return f"{self.name}.{PRIVATE_ZONE}"


# A service stands after those that it calls: the pipeline deploys them in this order
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
# In the order of their deployment. A template that is sent with the request, without a bucket, may have
# 51,200 bytes: that is why each service is a stack of its own
STACKS = ("foundation", "network", "data", "platform", *SERVICE_STACKS, "pipeline", "observability", "dora")

OUTLIVED = ("data",)  # stacks whose resources stay when they go; a new stack takes them over

XRAY_REPOSITORY = f"{PROJECT}/{XRAY_CONTAINER}"
XRAY_LOG_GROUP = f"/{PROJECT}/{XRAY_CONTAINER}"


def stack_name(stack: str) -> str:
    """The CloudFormation stack's name, which is also its template's file name."""
    return f"{PROJECT}-{stack}"
