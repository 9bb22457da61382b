"""The task role and the execution role of a service, and what each may do."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.log_group import write_logs
from infra.constructs.role import role
from infra.constructs.stack import arn, import_value
from infra.shop import XRAY_LOG_GROUP, XRAY_REPOSITORY, Service

# What the code of each service asks of its table; infra/iam/used_actions.json is what a rehearsal saw
TABLE_ACTIONS = {
    "catalog": ("BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"),
    "orders": ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
}
# X-Ray knows no resources for these: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
XRAY_ACTIONS = [
    f"xray:{action}"
    for action in (
        "GetSamplingRules",
        "GetSamplingStatisticSummaries",
        "GetSamplingTargets",
        "PutTelemetryRecords",
        "PutTraceSegments",
    )
]


class TaskRoles(Construct):
    """`task` is the role of the service's code; with `execution` ECS pulls images and writes logs."""

    def __init__(self, scope: Construct, service: Service) -> None:
        super().__init__(scope, "roles")
        self._service = service
        self.task = self._role("TaskRole", service.task_role, self._task_statements())
        self.execution = self._role("ExecutionRole", service.execution_role, self._execution_statements())

    def _role(self, name: str, role_name: str, statements: list[iam.PolicyStatement]) -> iam.Role:
        tasks = iam.ServicePrincipal(
            "ecs-tasks.amazonaws.com",
            # Nobody else's tasks: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
            conditions={
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnLike": {"aws:SourceArn": arn("ecs", "*")},
            },
        )
        # taskdef.json has the roles' names, so they can't be CloudFormation's choice
        return role(self, name, role_name, tasks, statements)

    def _task_statements(self) -> list[iam.PolicyStatement]:
        traces = iam.PolicyStatement(sid="Traces", actions=XRAY_ACTIONS, resources=["*"])
        if not self._service.table:
            return [traces]
        table = import_value("data", f"{self._service.table.removeprefix('lantern-').title()}TableArn")
        own_table = iam.PolicyStatement(
            sid="OwnTable",
            actions=[f"dynamodb:{action}" for action in TABLE_ACTIONS[self._service.name]],
            resources=[table, f"{table}/index/*"],
        )
        return [own_table, traces]

    def _execution_statements(self) -> list[iam.PolicyStatement]:
        repositories = (self._service.repository, XRAY_REPOSITORY)
        groups = (self._service.log_group, XRAY_LOG_GROUP)
        return [
            # A token is for the whole registry: ECR knows no resource for it
            iam.PolicyStatement(sid="LogIn", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(
                sid="PullImages",
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=[arn("ecr", f"repository/{name}") for name in repositories],
            ),
            write_logs(*(arn("logs", f"log-group:{name}:*") for name in groups)),
        ]
