"""Mistakes in AWS files, each made in a copy: `make verify-infra` must name file and field."""

import json
import re
import subprocess
import sys

import pytest

from infra import synth
from tests.infra.checkout import ROOT, Checkout


def statements(role):
    return [entry for policy in role["Policies"] for entry in policy["PolicyDocument"]["Statement"]]


def statement(role, sid):
    return next(entry for entry in statements(role) if entry.get("Sid") == sid)


def only_blue(group):
    alarms = group["AlarmConfiguration"]["Alarms"]
    group["AlarmConfiguration"]["Alarms"] = alarms[::2]


def watch_blue(alarm):
    changed = json.dumps(alarm).replace("GreenTargetGroup", "BlueTargetGroup")
    alarm.update(json.loads(changed))


def storefront_first(pipeline):
    for place, action in enumerate(reversed(pipeline["Stages"][-1]["Actions"]), 1):
        action["RunOrder"] = place


def first_deploy(pipeline):
    return pipeline["Stages"][-1]["Actions"][0]["Configuration"]


def without_dependencies(*names):
    """An edit of a template by which these resources wait for nothing but what they refer to."""
    return lambda template: [template["Resources"][name].pop("DependsOn") for name in names]


def events_statement(policy):
    return next(
        entry
        for entry in policy["PolicyDocument"]["Statement"]
        if entry["Principal"] == {"Service": "events.amazonaws.com"}
    )


def patient(function):
    function["Code"]["ZipFile"] = function["Code"]["ZipFile"].replace("REQUEST_S = 1.75", "REQUEST_S = 5")


def expire_by_count(repository):
    policy = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])
    count = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}
    policy["rules"].append({"rulePriority": 2, "selection": count, "action": {"type": "expire"}})
    repository["LifecyclePolicy"]["LifecyclePolicyText"] = json.dumps(policy)


def only_allow(policy):
    document = policy["PolicyDocument"]
    document["Statement"] = [entry for entry in document["Statement"] if entry["Effect"] == "Allow"]


# Mistake: (the edit of the copy, what a problem must contain)
MISTAKES = {
    "wrong container name in appspec": (
        lambda copy: copy.replace("appspec.yaml", 'ContainerName: "app"', 'ContainerName: "web"'),
        "appspec.yaml: ContainerName is 'web', taskdef.json has app, xray-daemon",
    ),
    "wrong port in appspec": (
        lambda copy: copy.replace("appspec.yaml", "ContainerPort: 8080", "ContainerPort: 80"),
        "appspec.yaml: ContainerPort is 80, container app of taskdef.json listens on [8080]",
    ),
    "task definition's ARN written into appspec": (
        lambda copy: copy.replace("appspec.yaml", ": <TASK_DEFINITION>", ": arn:aws:ecs:us-east-1:1:x"),
        "appspec.yaml: expected <TASK_DEFINITION> exactly once",
    ),
    "hook of another name": (
        lambda copy: copy.replace("appspec.yaml", "CodeDeployHook_lantern-smoke", "lantern-smoke"),
        "the hook AfterAllowTestTraffic is 'lantern-smoke', expected 'CodeDeployHook_lantern-smoke'",
    ),
    "missing port": (
        lambda copy: copy.container("app", portMappings=[]),
        "taskdef.json: container app: portMappings has [], expected [8080]",
    ),
    "string port": (
        lambda copy: copy.container("app", portMappings=[{"containerPort": "8080"}]),
        "taskdef.json: RegisterTaskDefinition would refuse it: Invalid type for parameter "
        "containerDefinitions[0].portMappings[0].containerPort, value: 8080",
    ),
    "field in the wrong case": (
        lambda copy: copy.replace("taskdef.json", '"readonlyRootFilesystem"', '"readOnlyRootFilesystem"'),
        'Unknown parameter in containerDefinitions[0]: "readOnlyRootFilesystem"',
    ),
    "root user": (
        lambda copy: copy.container("app", user="0:0"),
        "taskdef.json: container app: user is '0:0', expected a number other than root's 0",
    ),
    "no user": (
        lambda copy: copy.container("xray-daemon", user=None),
        "taskdef.json: container xray-daemon: user is 'not set'",
    ),
    "writable root of the sidecar": (
        lambda copy: copy.container("xray-daemon", readonlyRootFilesystem=False),
        "taskdef.json: container xray-daemon: readonlyRootFilesystem is False, expected True",
    ),
    "privileged": (
        lambda copy: copy.container("app", privileged=True),
        "taskdef.json: container app: privileged is True, expected False",
    ),
    "capabilities kept": (
        lambda copy: copy.container("app", linuxParameters={"initProcessEnabled": True}),
        "taskdef.json: container app: linuxParameters.capabilities.drop is None, expected ['ALL']",
    ),
    "sidecar's image by tag": (
        lambda copy: copy.container("xray-daemon", image="public.ecr.aws/xray/aws-xray-daemon:latest"),
        "taskdef.json: container xray-daemon: image must be ${XRAY_IMAGE}, which has a digest",
    ),
    "X-Ray address of the laptop": (
        lambda copy: copy.replace("taskdef.json", '"127.0.0.1:2000"', '"xray:2000"'),
        "taskdef.json: container app: AWS_XRAY_DAEMON_ADDRESS is 'xray:2000', expected '127.0.0.1:2000'",
    ),
    "faults that callers may inject": (
        lambda copy: copy.replace(
            "taskdef.json", '{"name": "FAULTS", "value": "off"}', '{"name": "FAULTS", "value": "on"}'
        ),
        "taskdef.json: container app: FAULTS is 'on', expected 'off'",
    ),
    "killed before gunicorn is done": (
        lambda copy: copy.container("app", stopTimeout=5),
        "container app: stopTimeout is 5 s, expected more than gunicorn's graceful_timeout of 10 s",
    ),
    "no such Fargate size": (
        lambda copy: copy.replace("taskdef.json", '"memory": "512"', '"memory": "4096"'),
        "taskdef.json: Fargate has no task of cpu 256 with memory 4096",
    ),
    "unknown token": (
        lambda copy: copy.replace("taskdef.json", "/lantern/${SERVICE}", "/lantern/${SERVICE_NAME}"),
        "unknown token ${SERVICE_NAME}; known are ${SERVICE}",
    ),
    "token that does not end": (
        lambda copy: copy.replace("taskdef.json", '"/lantern/${SERVICE}"', '"/lantern/${SERVICE"'),
        "this token does not end: ${SERVICE",
    ),
    "unrendered placeholder": (
        lambda copy: copy.replace("taskdef.json", '"value": "INFO"', '"value": "<LOG_LEVEL>"'),
        "taskdef.json: nothing fills <LOG_LEVEL>; CodePipeline knows <IMAGE1_NAME> only",
    ),
    "image written into the task definition": (
        lambda copy: copy.replace("taskdef.json", "<IMAGE1_NAME>", "lantern/orders:latest"),
        "taskdef.json: the image of container 'app' must be <IMAGE1_NAME>, found 'lantern/orders:latest'",
    ),
    "comma forgotten": (
        lambda copy: copy.replace("taskdef.json", '"networkMode": "awsvpc",', '"networkMode": "awsvpc"'),
        "taskdef.json, line 8: not JSON",
    ),
    "family of another name": (
        lambda copy: copy.replace("taskdef.json", '"lantern-${SERVICE}"', '"shop-${SERVICE}"'),
        "taskdef.json: family is 'shop-${SERVICE}', expected 'lantern-${SERVICE}'",
    ),
    "address of a service's old port": (
        lambda copy: copy.replace("taskdef.json", "internal:8081", "internal:8080"),
        "taskdef.json: CATALOG_URL is 'http://catalog.lantern.internal:8080', expected "
        "'http://catalog.lantern.internal:8081'",
    ),
    "variable forgotten": (
        lambda copy: (
            copy.replace("taskdef.json", '{"name": "AWS_XRAY_NOOP_ID", "value": "false"}', "{}")
            or copy.replace("taskdef.json", ",\n        {}", "")
        ),
        "taskdef.json: has no AWS_XRAY_NOOP_ID, docker-compose.yml gives it to catalog",
    ),
    "file of the rolling ECS action": (
        lambda copy: copy.replace("buildspec.yml", "    - imageDetail.json", "    - imagedefinitions.json"),
        "buildspec.yml: artifacts.files is ",
    ),
    "phase that goes on after a failure": (
        lambda copy: copy.replace("buildspec.yml", "on-failure: ABORT", "on-failure: CONTINUE"),
        "buildspec.yml: phases.build.on-failure must be ABORT",
    ),
    "X-Ray daemon of another version": (
        lambda copy: copy.replace(
            "buildspec.yml", "XRAY_DAEMON_VERSION: 3.7.0", "XRAY_DAEMON_VERSION: 3.3.1"
        ),
        "buildspec.yml: XRAY_DAEMON_VERSION is 3.3.1, infra/shop.py says 3.7.0",
    ),
    "alarms of one target group only": (
        lambda copy: copy.resource("catalog", "DeploymentGroup", only_blue),
        "catalog.json DeploymentGroup: its alarms watch ['errors', 'latency'] of blue and [] of green",
    ),
    "both alarms on the same target group": (
        lambda copy: copy.resource("orders", "GreenErrorsAlarm", watch_blue),
        "DeploymentGroup: its alarms watch ['errors', 'latency'] of blue and ['latency'] of green",
    ),
    "alarms switched off": (
        lambda copy: copy.resource(
            "catalog", "DeploymentGroup", lambda group: group["AlarmConfiguration"].update(Enabled=False)
        ),
        "lantern-catalog.json DeploymentGroup: its alarms watch [] of blue",
    ),
    "no rollback": (
        lambda copy: copy.resource(
            "catalog",
            "DeploymentGroup",
            lambda group: group["AutoRollbackConfiguration"].update(Enabled=False),
        ),
        "lantern-catalog.json DeploymentGroup: AutoRollbackConfiguration must be enabled",
    ),
    "minute without requests counts as bad": (
        lambda copy: copy.resource("orders", "BlueErrorsAlarm", lambda alarm: alarm.pop("TreatMissingData")),
        "lantern-orders.json BlueErrorsAlarm: TreatMissingData is None",
    ),
    "PassRole *": (
        lambda copy: copy.resource(
            "pipeline", "PipelineRole", lambda role: statement(role, "PassTaskRoles").update(Resource="*")
        ),
        "lantern-pipeline.json PipelineRole: iam:PassRole for *; only the six task roles may be passed",
    ),
    "a role that CodeBuild assumes for anybody": (
        lambda copy: copy.resource(
            "pipeline",
            "BuildRole",
            lambda role: role["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
        ),
        "lantern-pipeline.json BuildRole: codebuild may assume it for anybody; expected the condition",
    ),
    "a right that nobody uses": (
        lambda copy: copy.resource(
            "catalog", "TaskRole", lambda role: statement(role, "OwnTable")["Action"].append("dynamodb:Scan")
        ),
        "lantern-catalog.json TaskRole: dynamodb:Scan is used by no rehearsal; take it away",
    ),
    "a right that a rehearsal uses taken away": (
        lambda copy: copy.resource(
            "platform", "DeployerRole", lambda role: statement(role, "ReplaceTaskSets")["Action"].pop(0)
        ),
        "lantern-platform.json DeployerRole: lacks ecs:CreateTaskSet, which a rehearsal uses",
    ),
    "PassRole to anybody": (
        lambda copy: copy.resource(
            "platform", "DeployerRole", lambda role: statement(role, "PassTaskRoles").pop("Condition")
        ),
        "lantern-platform.json DeployerRole: iam:PassRole without the condition iam:PassedToService",
    ),
    "every action": (
        lambda copy: copy.resource(
            "orders", "TaskRole", lambda role: statement(role, "OwnTable").update(Action="dynamodb:*")
        ),
        "lantern-orders.json TaskRole: Action 'dynamodb:*' allows what nobody thought of",
    ),
    "every resource": (
        lambda copy: copy.resource(
            "pipeline", "BuildRole", lambda role: statement(role, "PushImages").update(Resource="*")
        ),
        "lantern-pipeline.json BuildRole: ecr:PutImage on Resource '*'",
    ),
    "somebody else's table": (
        lambda copy: copy.replace(
            "infra/cloudformation/lantern-orders.json",
            "lantern-data-OrdersTableArn",
            "lantern-data-ProductsTableArn",
        ),
        "lantern-orders.json TaskRole: reaches the tables ['Products'], expected its own only: ['Orders']",
    ),
    "mutable tags": (
        lambda copy: copy.resource(
            "foundation",
            "OrdersRepository",
            lambda repository: repository.update(ImageTagMutability="MUTABLE"),
        ),
        "lantern-foundation.json OrdersRepository: ImageTagMutability is 'MUTABLE', expected 'IMMUTABLE'",
    ),
    "log group without retention": (
        lambda copy: copy.resource("catalog", "LogGroup", lambda group: group.pop("RetentionInDays")),
        "lantern-catalog.json LogGroup: RetentionInDays is not set, expected <= 30",
    ),
    "shell into the containers": (
        lambda copy: copy.resource(
            "catalog", "Service", lambda service: service.update(EnableExecuteCommand=True)
        ),
        "lantern-catalog.json Service: EnableExecuteCommand is True, expected False",
    ),
    "public address": (
        lambda copy: copy.replace(
            "infra/cloudformation/lantern-catalog.json",
            '"AssignPublicIp": "DISABLED"',
            '"AssignPublicIp": "ENABLED"',
        ),
        "lantern-catalog.json Service: AssignPublicIp is 'ENABLED', expected 'DISABLED'",
    ),
    "revision that CloudFormation would change": (
        lambda copy: copy.resource(
            "catalog",
            "Service",
            lambda service: service.update(TaskDefinition={"Ref": "TaskDefinition"}),
        ),
        "lantern-catalog.json Service: TaskDefinition is ",
    ),
    "connections cut before the answer": (
        lambda copy: copy.resource(
            "catalog", "BlueTargetGroup", lambda group: group["TargetGroupAttributes"][0].update(Value="1")
        ),
        "catalog.json BlueTargetGroup: deregistration_delay is 1 s, expected more than the longest request",
    ),
    "scaling on one target group": (
        lambda copy: copy.replace(
            "infra/cloudformation/lantern-orders.json", '"RequestCount"', '"ALBRequestCountPerTarget"'
        ),
        "lantern-orders.json ScalingPolicy: ALBRequestCountPerTarget names one target group",
    ),
    "test port open to the internet": (
        lambda copy: copy.resource(
            "network",
            "HookToPublicLoadBalancer9080",
            lambda rule: (rule.pop("SourceSecurityGroupId"), rule.update(CidrIp="0.0.0.0/0")),
        ),
        "lantern-network.json HookToPublicLoadBalancer9080: port 9080 is open to the internet",
    ),
    "two canaries at once": (
        lambda copy: copy.resource(
            "pipeline", "Pipeline", lambda pipeline: pipeline.update(ExecutionMode="PARALLEL")
        ),
        "lantern-pipeline.json Pipeline: must be V2 and QUEUED, found 'PARALLEL'",
    ),
    "consumers before providers": (
        lambda copy: copy.resource("pipeline", "Pipeline", storefront_first),
        "lantern-pipeline.json Pipeline: deploys ['storefront', 'orders', 'catalog']",
    ),
    "container where the placeholder belongs": (
        lambda copy: copy.resource(
            "pipeline", "Pipeline", lambda pipeline: first_deploy(pipeline).update(Image1ContainerName="app")
        ),
        "Pipeline: Deploy catalog: Image1ContainerName is 'app', expected the placeholder",
    ),
    "artifact that nothing makes": (
        lambda copy: copy.resource(
            "pipeline",
            "Pipeline",
            lambda pipeline: first_deploy(pipeline).update(AppSpecTemplateArtifact="source"),
        ),
        "lantern-pipeline.json Pipeline: Deploy catalog: AppSpecTemplateArtifact is 'source'",
    ),
    "gateway before the internet is attached": (
        lambda copy: copy.edit(
            "infra/cloudformation/lantern-network.json", without_dependencies("NatGateway")
        ),
        "lantern-network.json NatGateway: DependsOn has [], expected the attachment of the internet gateway",
    ),
    "address that depends on the gateway, not on its attachment": (
        lambda copy: copy.edit(
            "infra/cloudformation/lantern-network.json",
            lambda template: template["Resources"]["NatAddress"].update(DependsOn="VpcIGW"),
        ),
        "lantern-network.json NatAddress: DependsOn has ['VpcIGW'], expected the attachment",
    ),
    "target group deleted while the listener uses it": (
        lambda copy: copy.edit(
            "infra/cloudformation/lantern-orders.json", without_dependencies("ProductionListener")
        ),
        "lantern-orders.json ProductionListener: must depend on GreenTargetGroup too",
    ),
    "smoke test longer than its function may run": (
        lambda copy: copy.resource("pipeline", "SmokeHookFunction", lambda hook: hook.update(Timeout=120)),
        "lantern-pipeline.json SmokeHookFunction: Timeout is 120 s, but its requests and its answer",
    ),
    "smoke test more patient than a caller": (
        lambda copy: copy.resource("pipeline", "SmokeHookFunction", patient),
        "SmokeHookFunction: REQUEST_S is 5 s, a calling service waits at most DEADLINE_MS=1800",
    ),
    "condition that no event of EventBridge meets": (
        lambda copy: copy.resource(
            "observability",
            "TopicPolicy",
            lambda policy: events_statement(policy).update(
                Condition={"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
            ),
        ),
        "lantern-observability.json TopicPolicy: the statement for events.amazonaws.com has a Condition",
    ),
    "topic that EventBridge may not publish to": (
        lambda copy: copy.resource(
            "observability",
            "TopicPolicy",
            lambda policy: policy["PolicyDocument"]["Statement"].remove(events_statement(policy)),
        ),
        "lantern-observability.json FailedPipeline: no policy of lantern-observability.json Topic lets",
    ),
    "build that may replace functions' code": (
        lambda copy: copy.replace("infra/cloudformation/lantern-pipeline.json", '"/lantern/*"', '"/*"'),
        "lantern-pipeline.json BuildRole: s3:PutObject on arn:aws:s3:::lantern-artifacts-111122223333-us-",
    ),
    "image with an attestation": (
        lambda copy: copy.replace("buildspec.yml", "BUILDX_NO_DEFAULT_ATTESTATIONS: 1", "OTHER: 1"),
        "buildspec.yml: env.variables.BUILDX_NO_DEFAULT_ATTESTATIONS must be 1",
    ),
    "table that no new stack can take over": (
        lambda copy: copy.resource("data", "Orders", lambda table: table.pop("TableName")),
        "lantern-data.json Orders: outlives its stack without a name",
    ),
    "bucket that outlives its stack": (
        lambda copy: copy.edit(
            "infra/cloudformation/lantern-foundation.json",
            lambda template: template["Resources"]["ArtifactsBucket"].update(DeletionPolicy="Retain"),
        ),
        "lantern-foundation.json ArtifactsBucket: DeletionPolicy is 'Retain', but 'make deploy' takes",
    ),
    "sampling rule for the whole account": (
        lambda copy: copy.resource(
            "observability",
            "LanternStaticSampling",
            lambda rule: rule["SamplingRule"].update(ServiceName="*"),
        ),
        "lantern-observability.json LanternStaticSampling: ServiceName is '*', expected one of catalog,",
    ),
    "twenty builds that take the image that runs": (
        lambda copy: copy.resource("foundation", "OrdersRepository", expire_by_count),
        "OrdersRepository: LifecyclePolicy rule 2 expires images with tagStatus 'any'",
    ),
    "scaling on numbers made of nothing": (
        lambda copy: copy.replace(
            "infra/cloudformation/lantern-orders.json",
            "SUM([tasks_blue, tasks_green])",
            "FILL(tasks_blue, 0)",
        ),
        "lantern-orders.json ScalingPolicy: FILL makes numbers of missing data",
    ),
    "delivery queue without a dead-letter queue": (
        lambda copy: copy.resource("dora", "Queue", lambda queue: queue.pop("RedrivePolicy")),
        "lantern-dora.json Queue: has no dead-letter queue",
    ),
    "delivery queue in the clear": (
        lambda copy: copy.resource("dora", "Queue", lambda queue: queue.pop("SqsManagedSseEnabled")),
        "lantern-dora.json Queue: SqsManagedSseEnabled must be true",
    ),
    "delivery queue that takes messages without TLS": (
        lambda copy: copy.resource("dora", "QueuePolicy", only_allow),
        "lantern-dora.json Queue: no policy denies what comes without TLS",
    ),
    "every pipeline of the account": (
        lambda copy: copy.resource("dora", "Pipeline", lambda rule: rule["EventPattern"].pop("detail")),
        "lantern-dora.json Pipeline: detail.pipeline is not set, expected ['lantern']: other events would be",
    ),
    "every deployment of the account": (
        lambda copy: copy.resource(
            "dora", "Deployments", lambda rule: rule["EventPattern"]["detail"].update(application=["x"])
        ),
        "lantern-dora.json Deployments: detail.application is ['x'], expected ['lantern']",
    ),
    "DORA's own alarms counted as incidents": (
        lambda copy: copy.resource(
            "dora",
            "Alarms",
            lambda rule: rule["EventPattern"]["detail"].update(alarmName=[{"prefix": "lantern-"}]),
        ),
        "lantern-dora.json Alarms: detail.alarmName is [{'prefix': 'lantern-'}], expected",
    ),
    "pushes that nobody hears": (
        lambda copy: copy.resource(
            "dora", "Pushes", lambda rule: rule["EventPattern"].update(source=["aws.codebuild"])
        ),
        "lantern-dora.json: no rule hears aws.codecommit",
    ),
    "event lost where the queue does not take it": (
        lambda copy: copy.resource(
            "dora", "Records", lambda rule: rule["Targets"][0].pop("DeadLetterConfig")
        ),
        "lantern-dora.json Records: target Target0 has no DeadLetterConfig",
    ),
    "one bad message for the whole batch": (
        lambda copy: copy.resource("dora", "Feed", lambda feed: feed.pop("FunctionResponseTypes")),
        "lantern-dora.json Feed: must take ReportBatchItemFailures",
    ),
    "message that comes again too soon": (
        lambda copy: copy.resource("dora", "Queue", lambda queue: queue.update(VisibilityTimeout=30)),
        "lantern-dora.json Feed: its queue's VisibilityTimeout is 30 s, expected at least 360",
    ),
    "handler that is not there": (
        lambda copy: copy.replace("dora/aws_lambda/handlers.py", "def compute(", "def calculate("),
        "lantern-dora.json ComputeFunction: Handler dora.aws_lambda.handlers.compute is not in this checkout",
    ),
    "silence that rings nowhere": (
        lambda copy: copy.resource(
            "dora", "SilentAlarm", lambda alarm: alarm.update(TreatMissingData="notBreaching")
        ),
        "lantern-dora.json SilentAlarm: TreatMissingData must be 'breaching'",
    ),
    "figures without a watchman": (
        lambda copy: copy.edit(
            "infra/cloudformation/lantern-dora.json",
            lambda template: template["Resources"].pop("SilentAlarm"),
        ),
        "lantern-dora.json: there is no alarm lantern-dora-silent",
    ),
    "every item of every table": (
        lambda copy: copy.resource(
            "dora", "ComputeRole", lambda role: statement(role, "ReadTable").update(Resource="*")
        ),
        "lantern-dora.json ComputeRole: dynamodb:GetItem on Resource '*'",
    ),
    "untagged": (
        lambda copy: copy.resource("platform", "Cluster", lambda cluster: cluster.pop("Tags")),
        "lantern-platform.json Cluster: has no tag project=lantern",
    ),
    "template deleted": (
        lambda copy: (copy.root / "infra/cloudformation/lantern-orders.json").unlink(),
        "lantern-orders.json is missing: 'make synth' writes it",
    ),
    "reference to nothing": (
        lambda copy: copy.replace(
            "infra/cloudformation/lantern-orders.json", '"Ref": "BlueTargetGroup"', '"Ref": "RedTargetGroup"'
        ),
        "refers to RedTargetGroup, which is not in the template",
    ),
    "export of another name": (
        lambda copy: copy.replace(
            "infra/cloudformation/lantern-network.json", "lantern-network-VpcId", "lantern-network-Vpc"
        ),
        "imports lantern-network-VpcId, which no earlier stack exports",
    ),
}


@pytest.fixture(name="copy")
def _copy(tmp_path):
    return Checkout(tmp_path)


def test_an_untouched_copy_has_no_problem(copy):
    assert copy.quick_problems() == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(copy, name):
    make, expected = MISTAKES[name]
    make(copy)

    problems = copy.quick_problems()

    assert any(expected in problem for problem in problems), problems


@pytest.fixture(scope="module", name="report")
def _report(tmp_path_factory):
    """What the real command prints of a copy that has a mistake for each of its slow steps."""
    copy = Checkout(tmp_path_factory.mktemp("copy"))
    copy.replace("infra/constructs/ecs/task_roles.py", 'f"dynamodb:{action}"', '"dynamodb:*"')
    copy.replace("infra/cloudformation/lantern-data.json", '"PAY_PER_REQUEST"', '"PROVISIONED"')
    copy.replace("infra/cloudformation/lantern-platform.json", '"ClusterName"', '"ClusterNam"')
    copy.resource(
        "foundation", "ArtifactsBucket", lambda bucket: bucket.pop("PublicAccessBlockConfiguration")
    )
    copy.container("app", user="root")

    run = subprocess.run(
        [sys.executable, "-m", "infra.verify"], cwd=copy.root, capture_output=True, text=True, check=False
    )

    assert run.returncode == 1, run.stdout + run.stderr
    return run.stdout


def test_the_command_reports_the_mistakes_of_all_steps(report):
    assert "user is 'root'" in report
    assert "steps failed" in report


def test_a_role_that_may_do_everything_to_a_table_is_reported_by_cdk_nag(report):
    assert "AwsSolutions-IAM5[Action::dynamodb:*]" in report


def test_a_property_that_cloudformation_does_not_know_is_reported_by_cfn_lint_with_its_line(report):
    assert re.search(r"lantern-platform\.json, line \d+.*ClusterNam", report), report


def test_a_bucket_open_to_the_world_is_reported_by_checkov(report):
    assert "lantern-foundation.json: CKV_AWS_53" in report


def test_a_template_that_is_changed_missing_or_too_many_is_named():
    """`synth.differences` compares what CDK has made, here the committed files, with those."""
    templates = {path: path.read_text() for path in (ROOT / "infra").glob("*/*.json") if is_template(path)}
    data, network = (
        ROOT / "infra" / "cloudformation" / f"lantern-{stack}.json" for stack in ("data", "network")
    )
    assert synth.differences(templates) == []

    made = templates | {
        data: templates[data].replace('"PAY_PER_REQUEST"', '"PROVISIONED"'),
        data.with_name("lantern-new.json"): "{}",
    }
    del made[network]

    assert synth.differences(made) == [
        "infra/cloudformation/lantern-new.json is missing",
        "infra/cloudformation/lantern-network.json is not made by any stack",
        "infra/cloudformation/lantern-data.json is not what the code makes",
    ]


def is_template(path):
    return path.parent in synth.FOLDERS.values()


def test_the_checkout_passes_as_it_is():
    run = subprocess.run(
        [sys.executable, "-m", "infra.verify"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
