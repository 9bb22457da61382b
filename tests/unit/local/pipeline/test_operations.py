"""Every operation with the real runner: its answers fit AWS's own models."""

import io
import json
import subprocess

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.awsapi import operations
from local.awsapi.application import Application
from local.pipeline.api_server import SERVICES
from local.pipeline.codedeploy.deployment_machine import Phase
from local.pipeline.codedeploy.deployments import deployment_records
from local.pipeline.codepipeline.execution_machine import Execution, pending_stages
from local.pipeline.codepipeline.executions import execution_records
from local.pipeline.ecs.service_scheduler import TaskSet
from local.pipeline.runner import Runner
from local.pipeline.settings import Settings
from local.rehearsal import progress
from settings import load
from tests.signatures import signed_environ
from tests.unit.local.pipeline.codedeploy.simulation import Simulation
from tests.unit.local.pipeline.deploy_artifact import definition, files

TOKEN = "0a1b2c3d-1234-1234-1234-123456789012"
COMMIT, SOON = "0123456789" * 4, 1_800_000_300.0
MODELS = {
    service: ServiceModel(Loader().load_service_model(service, "service-2"), service) for service in SERVICES
}


SUCCEEDED, FAILED, WAITING = (f"{number}2345678-1234-1234-1234-123456789012" for number in (1, 2, 3))


@pytest.fixture(name="idle", scope="module")
def _idle(tmp_path_factory):
    """The real runner without its threads, so that it calls neither Docker nor AWS."""
    state = tmp_path_factory.mktemp("pipeline")
    runner = Runner(
        load(Settings, {"STATE_DIR": str(state), "APPROVAL": "yes", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    )
    yield runner
    runner.stop()


@pytest.fixture(name="known_deployments", scope="module")
def _known_deployments():
    return some_deployments()


@pytest.fixture(name="runner")
def _runner(idle, known_deployments):
    """The runner with the same records before each test."""
    with idle.journal.transaction():
        for deployment in known_deployments:
            deployment_records(idle.journal).put(deployment.id, deployment)
        for key in (SUCCEEDED, FAILED, WAITING):
            put_execution(idle, new_execution(idle, key))
        for key, status in (("ecs-svc/1", "PRIMARY"), ("ecs-svc/2", "WAITING")):
            idle.scheduler.put(
                TaskSet(
                    id=key,
                    service="orders",
                    target_group="lantern-orders-blue",
                    task_definition="arn",
                    definition=definition(),
                    desired=2,
                    status=status,
                )
            )
    return idle


def some_deployments():
    """A succeeded one, a stopped one with its rollback, one whose hook runs, a new one."""
    succeeded = Simulation(hooks=["AfterAllowTestTraffic"]).to_the_end().deployment
    stopped = Simulation(hooks=["AfterAllowTestTraffic"]).until_event("AllowTraffic")
    stopped.deployment.stop_asked = True
    stopped.to_the_end()
    waiting = Simulation(hooks=["AfterAllowTestTraffic"])
    waiting.answers = False
    waiting.until_event("AfterAllowTestTraffic")
    new = Simulation().deployment
    succeeded.id, stopped.deployment.id = "d-SUCCEEDED", "d-STOPPED"
    waiting.deployment.id, waiting.deployment.group = "d-WAITING", "catalog"
    new.id, new.group = "d-NEW", "storefront"
    return succeeded, stopped.deployment, stopped.rollback, waiting.deployment, new


def operations_of(service, runner):
    return operations.load(f"local.pipeline.{service}.operations", runner)


def put_execution(runner, execution):
    execution_records(runner.journal).put(execution.id, execution)


def new_execution(runner, key):
    """An execution that succeeded, failed at a build, or waits for its approval."""
    execution = Execution(
        pipeline="lantern",
        stages=pending_stages(runner.architecture.pipeline),
        id=key,
        commit=COMMIT,
        summary="Light the lamp",
        author="Ada",
        authored=SOON - 900,
        trigger_type="CloudWatchEvent",
        trigger_detail="arn:aws:events:us-east-1:111122223333:rule/StartOnPush",
        created=SOON,
        scale=60.0,
    )
    stops_at = {SUCCEEDED: "", FAILED: "Build", WAITING: "Approval"}[key]
    for stage in execution.stages:
        for action in stage.actions:
            action.id, action.started = f"{stage.name}-{action.name}", SOON
            if action.category == stops_at:
                action.status = "Failed" if stops_at == "Build" else "InProgress"
                action.error_code, action.error_message = (
                    ("JobFailed", "make fails") if stops_at == "Build" else ("", "")
                )
                action.token = TOKEN if stops_at == "Approval" else ""
                execution.status = "Failed" if stops_at == "Build" else "InProgress"
                execution.ended = SOON if stops_at == "Build" else None
                return execution
            action.status, action.ended, action.external_id = "Succeeded", SOON, "d-SUCCEEDED"
        execution.variables["Build-orders"] = {"IMAGE_URI": "registry/orders"}
    execution.status, execution.ended = "Succeeded", SOON
    return execution


def ask(runner, service, operation, /, **request):
    """The status and the answer over HTTP, as a client has them."""
    application = Application(service, operations_of(service, runner))
    body = json.dumps(request).encode()
    statuses = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        **signed_environ(service),
        "HTTP_X_AMZ_TARGET": f"{application.target_prefix}.{operation}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(application(environ, lambda status, _: statuses.append(status)))
    return int(statuses[0].split()[0]), json.loads(content)


ANSWERED = [
    (
        "codedeploy",
        "BatchGetDeployments",
        {"deploymentIds": ["d-SUCCEEDED", "d-STOPPED", "d-ROLLBACK", "d-WAITING", "d-NEW"]},
    ),
    *(
        ("codedeploy", name, {"deploymentId": key} | members)
        for key, target in (
            ("d-SUCCEEDED", "orders"),
            ("d-STOPPED", "orders"),
            ("d-ROLLBACK", "orders"),
            ("d-WAITING", "catalog"),
            ("d-NEW", "storefront"),
        )
        for name, members in (
            ("GetDeployment", {}),
            ("GetDeploymentTarget", {"targetId": f"lantern:{target}"}),
            ("BatchGetDeploymentTargets", {"targetIds": [f"lantern:{target}"]}),
            ("ListDeploymentTargets", {}),
        )
    ),
    ("codedeploy", "GetDeploymentConfig", {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}),
    (
        "codedeploy",
        "GetDeploymentConfig",
        {"deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes"},
    ),
    (
        "codedeploy",
        "GetDeploymentConfig",
        {"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"},
    ),
    ("codedeploy", "GetDeploymentGroup", {"applicationName": "lantern", "deploymentGroupName": "orders"}),
    ("codedeploy", "GetDeploymentGroup", {"applicationName": "lantern", "deploymentGroupName": "storefront"}),
    ("codedeploy", "ListApplications", {}),
    ("codedeploy", "ListDeploymentGroups", {"applicationName": "lantern"}),
    ("codedeploy", "ListDeployments", {}),
    (
        "codedeploy",
        "PutLifecycleEventHookExecutionStatus",
        {
            "deploymentId": "d-WAITING",
            "lifecycleEventHookExecutionId": "d-FIRST-AfterAllowTestTraffic",
            "status": "Succeeded",
        },
    ),
    ("codedeploy", "StopDeployment", {"deploymentId": "d-WAITING"}),
    ("cloudwatch", "DescribeAlarms", {"AlarmNamePrefix": "lantern-"}),
    ("cloudwatch", "DescribeAlarmHistory", {"HistoryItemType": "StateUpdate"}),
    ("codepipeline", "GetPipeline", {"name": "lantern"}),
    ("codepipeline", "GetPipelineState", {"name": "lantern"}),
    ("codepipeline", "GetPipelineExecution", {"pipelineName": "lantern", "pipelineExecutionId": SUCCEEDED}),
    ("codepipeline", "ListActionExecutions", {"pipelineName": "lantern"}),
    ("codepipeline", "ListPipelineExecutions", {"pipelineName": "lantern"}),
    ("codepipeline", "ListPipelines", {}),
    (
        "codepipeline",
        "PutApprovalResult",
        {
            "pipelineName": "lantern",
            "stageName": "Approval",
            "actionName": "Approve",
            "result": {"summary": "Looks bright", "status": "Approved"},
            "token": TOKEN,
        },
    ),
    (
        "codepipeline",
        "StopPipelineExecution",
        {"pipelineName": "lantern", "pipelineExecutionId": WAITING},
    ),
]
# these need a task definition or a push
BEGINNING = {"CreateDeployment", "StartPipelineExecution", "GetCommit"}


def filled(runner, request):
    """The request with the approval's real names."""
    if "token" not in request:
        return request
    stage, action = next(
        (stage["Name"], action["Name"])
        for stage in runner.architecture.pipeline["Stages"]
        for action in stage["Actions"]
        if action["ActionTypeId"]["Category"] == "Approval"
    )
    return request | {"stageName": stage, "actionName": action}


@pytest.mark.parametrize(
    ("service", "name", "request_"),
    ANSWERED,
    ids=[f"{name}-{number}" for number, (_, name, _) in enumerate(ANSWERED)],
)
def test_an_answer_fits_the_output_of_awss_own_model(runner, service, name, request_):
    shape = MODELS[service].operation_model(name).output_shape

    answer = without_none(operations_of(service, runner)[name](filled(runner, request_)))

    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    assert_enums(shape, answer, name)


@pytest.mark.parametrize(("service", "name", "request_"), ANSWERED)
def test_a_request_is_answered_over_http(runner, service, name, request_):
    status, answer = ask(runner, service, name, **filled(runner, request_))

    assert status == 200, answer


def without_none(value):
    if isinstance(value, dict):
        return {key: without_none(member) for key, member in value.items() if member is not None}
    return [without_none(entry) for entry in value] if isinstance(value, list) else value


def assert_enums(shape, value, where):
    """botocore does not hold answers to their enumerations."""
    if shape.type_name == "structure":
        for key, member in value.items():
            assert_enums(shape.members[key], member, f"{where}.{key}")
    elif shape.type_name == "list":
        for entry in value:
            assert_enums(shape.member, entry, where)
    elif shape.type_name == "string" and shape.enum:
        assert value in shape.enum, f"{where}: {value}"


def test_every_operation_is_tested(runner):
    here = {name for service in SERVICES for name in operations_of(service, runner)}

    assert here == {name for _, name, _ in ANSWERED} | BEGINNING


@pytest.mark.parametrize(
    ("service", "name", "request_", "code"),
    [
        ("codedeploy", "GetDeployment", {"deploymentId": "d-NONE"}, "DeploymentDoesNotExistException"),
        (
            "codedeploy",
            "GetDeploymentTarget",
            {"deploymentId": "d-SUCCEEDED", "targetId": "lantern:catalog"},
            "DeploymentTargetDoesNotExistException",
        ),
        (
            "codedeploy",
            "GetDeploymentConfig",
            {"deploymentConfigName": "lantern-slowly"},
            "DeploymentConfigDoesNotExistException",
        ),
        (
            "codedeploy",
            "ListDeploymentGroups",
            {"applicationName": "lamp"},
            "ApplicationDoesNotExistException",
        ),
        ("codedeploy", "ListDeployments", {"applicationName": "lamp"}, "ApplicationDoesNotExistException"),
        (
            "codedeploy",
            "ListDeployments",
            {"applicationName": "lantern", "deploymentGroupName": "lamp"},
            "DeploymentGroupDoesNotExistException",
        ),
        ("codedeploy", "ListDeployments", {"nextToken": "next"}, "InvalidNextTokenException"),
        (
            "codedeploy",
            "StopDeployment",
            {"deploymentId": "d-SUCCEEDED"},
            "DeploymentAlreadyCompletedException",
        ),
        (
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            {"deploymentId": "d-WAITING", "lifecycleEventHookExecutionId": "x", "status": "Succeeded"},
            "InvalidLifecycleEventHookExecutionIdException",
        ),
        (
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            {"deploymentId": "d-WAITING", "lifecycleEventHookExecutionId": "x", "status": "Skipped"},
            "InvalidLifecycleEventHookExecutionStatusException",
        ),
        (
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            {
                "deploymentId": "d-SUCCEEDED",
                "lifecycleEventHookExecutionId": "d-FIRST-AfterAllowTestTraffic",
                "status": "Failed",
            },
            "LifecycleEventAlreadyCompletedException",
        ),
        (
            "codedeploy",
            "CreateDeployment",
            {"applicationName": "lantern", "deploymentGroupName": "orders"},
            "InvalidRevisionException",
        ),
        (
            "codedeploy",
            "CreateDeployment",
            {
                "applicationName": "lantern",
                "deploymentGroupName": "orders",
                "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 1"}},
            },
            "InvalidRevisionException",
        ),
        ("codedeploy", "ContinueDeployment", {}, "NotImplemented"),
        ("codepipeline", "GetPipelineState", {"name": "lamp"}, "PipelineNotFoundException"),
        (
            "codepipeline",
            "GetPipelineExecution",
            {"pipelineName": "lantern", "pipelineExecutionId": "92345678-1234-1234-1234-123456789012"},
            "PipelineExecutionNotFoundException",
        ),
        ("codepipeline", "StartPipelineExecution", {"name": "lantern"}, "ValidationException"),
        (
            "codepipeline",
            "StartPipelineExecution",
            {
                "name": "lantern",
                "sourceRevisions": [
                    {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "--output=stolen"}
                ],
            },
            "ValidationException",
        ),
    ],
)
def test_a_refused_request_has_awss_own_error_code(runner, service, name, request_, code):
    status, answer = ask(runner, service, name, **request_)

    assert answer["__type"] == code
    assert status in (400, 501)
    errors = {error.name for error in MODELS[service].operation_model(name).error_shapes}
    assert code in errors | {"ValidationException", "NotImplemented"}


def test_deployments_are_listed_newest_first_and_chosen_by_status_group_and_time(runner):
    def listed(**request):
        return ask(runner, "codedeploy", "ListDeployments", **request)[1]["deployments"]

    assert listed() == ["d-NEW", "d-WAITING", "d-ROLLBACK", "d-STOPPED", "d-SUCCEEDED"]
    assert listed(includeOnlyStatuses=["Stopped"]) == ["d-STOPPED"]
    assert listed(applicationName="lantern", deploymentGroupName="catalog") == ["d-WAITING"]
    assert "d-SUCCEEDED" not in listed(createTimeRange={"start": SOON + 900})


def test_a_deployment_that_was_rolled_back_and_its_rollback_name_each_other(runner):
    stopped, rollback = (
        ask(runner, "codedeploy", "GetDeployment", deploymentId=key)[1]["deploymentInfo"]
        for key in ("d-STOPPED", "d-ROLLBACK")
    )

    assert stopped["rollbackInfo"]["rollbackDeploymentId"] == "d-ROLLBACK"
    assert rollback["rollbackInfo"]["rollbackTriggeringDeploymentId"] == "d-FIRST"
    assert (stopped["status"], rollback["status"]) == ("Stopped", "Succeeded")
    assert rollback["creator"] == "codeDeployRollback"
    assert stopped["errorInformation"]["code"] == "MANUAL_STOP"
    assert "errorInformation" not in rollback


def test_a_target_shows_every_event_and_both_task_sets(runner):
    answer = ask(
        runner, "codedeploy", "GetDeploymentTarget", deploymentId="d-SUCCEEDED", targetId="lantern:orders"
    )[1]

    target = answer["deploymentTarget"]["ecsTarget"]
    assert len(target["lifecycleEvents"]) == 8
    assert target["status"] == "Succeeded"
    weights = {info["taskSetLabel"]: info["trafficWeight"] for info in target["taskSetsInfo"]}
    assert weights == {"Blue": 0, "Green": 100}


def test_a_pipelines_state_shows_the_approvals_token(runner):
    state = ask(runner, "codepipeline", "GetPipelineState", name="lantern")[1]

    actions = [action for stage in state["stageStates"] for action in stage["actionStates"]]
    tokens = [
        action["latestExecution"]["token"]
        for action in actions
        if action.get("latestExecution", {}).get("token")
    ]
    assert tokens == [TOKEN]


def test_an_action_that_begins_again_after_a_restart_is_not_listed_as_executed(runner):
    """ListActionExecutions has no status Pending."""
    restarted = new_execution(runner, FAILED)
    restarted.stages[1].actions[0].status = "Pending"
    put_execution(runner, restarted)

    answer = ask(
        runner,
        "codepipeline",
        "ListActionExecutions",
        pipelineName="lantern",
        filter={"pipelineExecutionId": restarted.id},
    )[1]

    assert [action["stageName"] for action in answer["actionExecutionDetails"]] == ["Source"]


@pytest.fixture(name="commit")
def _commit(runner, tmp_path):
    """A commit that somebody pushed."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        [*who, "commit", "--quiet", "--allow-empty", "--message", "Light the lamp"],
        ["push", "--quiet", "--force", str(runner.settings.state / "lantern.git"), "main"],
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, timeout=30)
    return runner.repository.commit("main").id


def test_an_execution_has_the_newest_commit_or_that_of_the_request(runner, commit):
    revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": commit}

    answers = [
        ask(runner, "codepipeline", "StartPipelineExecution", name="lantern", **request)[1]
        for request in ({}, {"sourceRevisions": [revision]})
    ]

    started = [runner.executions.get(answer["pipelineExecutionId"]) for answer in answers]
    assert [execution.commit for execution in started] == [commit, commit]
    for execution in started:
        execution_records(runner.journal).remove(execution.id)


def create(runner, content, **request):
    return ask(
        runner,
        "codedeploy",
        "CreateDeployment",
        applicationName="lantern",
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        **request,
    )


@pytest.fixture(name="registered")
def _registered(runner, monkeypatch):
    """ECS knows the repository's own task definition; returns an AppSpec that names it."""
    arn = "arn:aws:ecs:us-east-1:111122223333:task-definition/lantern-orders:8"
    monkeypatch.setattr(runner.aws, "task_definition", lambda _: (arn, definition()))
    return files()["appspec.yaml"].replace("<TASK_DEFINITION>", arn)


def test_a_deployment_is_created_with_the_revision_of_the_request(runner, registered):
    records = deployment_records(runner.journal)
    for deployment in runner.deployments.unfinished():  # end what another test began
        if deployment.group == "orders":
            deployment.phase, deployment.status = Phase.ENDED, "Succeeded"
            records.put(deployment.id, deployment)

    status, answer = create(runner, registered, deploymentGroupName="orders", description="by hand")

    assert status == 200, answer
    created = runner.deployments.get(answer["deploymentId"])
    assert (created.status, created.group) == ("Created", "orders")
    assert created.description == "by hand; time scale 60: a minute passes in 1 s"
    assert created.event("AfterAllowTestTraffic").hook == "CodeDeployHook_lantern-smoke"
    records.remove(created.id)


def test_a_group_deploys_one_revision_at_a_time(runner, registered):
    status, answer = create(runner, registered, deploymentGroupName="catalog")

    assert (status, answer["__type"]) == (400, "DeploymentLimitExceededException")


def test_a_revision_that_does_not_fit_its_task_definition_is_refused(runner, registered):
    status, answer = create(runner, registered.replace("8080", "8081"), deploymentGroupName="orders")

    assert (status, answer["__type"]) == (400, "InvalidRevisionException")
    assert "did not have a container port 8081 defined" in answer["message"]


def test_an_execution_from_before_a_stage_existed_does_not_hide_the_others(runner):
    earlier = new_execution(runner, SUCCEEDED)
    earlier.stages = [stage for stage in earlier.stages if stage.name != "Approval"]
    put_execution(runner, earlier)

    status, answer = ask(runner, "codepipeline", "GetPipelineState", name="lantern")

    assert status == 200, answer
    assert [stage["stageName"] for stage in answer["stageStates"]] == [
        "Source",
        "Build",
        "Approval",
        "Deploy",
    ]


def test_before_its_first_look_a_runner_is_in_the_trouble_that_the_rehearsal_knows(runner):
    assert runner.trouble == progress.STARTING
