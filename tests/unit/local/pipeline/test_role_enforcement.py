"""What a role of the templates may not do fails at the step that needs it, and whoever looks is told so."""

import pytest

from tests.unit.local.iam.recorded import trusting, without
from tests.unit.local.pipeline.test_snapshot import Watch

DENIED = "is not authorized to perform: {} on resource: "


def to_its_end(runner):
    """Run an execution; return it, and the lines of the terminal with the verdict's."""
    key = runner.start()
    watch = Watch(runner, key)
    if not runner.action(key, "Agree").id:
        runner.until(
            lambda: watch.look() or runner.action(key, "Agree").status != "Pending", "approval or end"
        )
    if runner.action(key, "Agree").status == "InProgress":
        runner.approve(key)
    verdict, lines = watch.to_the_end()
    return runner.execution(key), "\n".join([*lines, *verdict.lines])


def failed_action(execution):
    """The first action that failed, with the name of its stage."""
    return next(
        (stage.name, action)
        for stage in execution.stages
        for action in stage.actions
        if action.status == "Failed"
    )


@pytest.mark.parametrize(
    ("action", "stage"),
    [
        ("codecommit:GetCommit", "Source"),
        ("codebuild:StartBuild", "Build"),
        ("codedeploy:CreateDeployment", "Deploy"),
        ("codedeploy:GetDeploymentConfig", "Deploy"),
    ],
)
def test_an_action_of_the_pipeline_fails_where_its_role_lacks_a_right(runner, action, stage):
    without(runner.sessions.policies, "lantern-pipeline", action)

    execution, printed = to_its_end(runner)

    failed_in, failed = failed_action(execution)
    assert (failed_in, failed.error_code) == (stage, "AccessDenied")
    assert failed.error_message.startswith("User: arn:aws:sts::111122223333:assumed-role/lantern-pipeline/")
    assert DENIED.format(action) in failed.error_message
    assert failed.error_message in printed


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("cloudwatch:DescribeAlarms", "Install"),
        ("ecs:CreateTaskSet", "Install"),
        ("iam:PassRole", "Install"),
        ("elasticloadbalancing:ModifyListener", "AllowTestTraffic"),
        ("lambda:InvokeFunction", "AfterAllowTestTraffic"),
        ("ecs:UpdateServicePrimaryTaskSet", "AllowTraffic"),
        ("ecs:DeleteTaskSet", ""),
    ],
)
def test_a_deployment_fails_in_the_event_for_which_its_role_lacks_a_right(runner, action, event):
    without(runner.sessions.policies, "lantern-deployer", action)

    _, printed = to_its_end(runner)

    deployment = next(each for each in runner.deployments.all() if not each.rolls_back)
    assert (deployment.status, deployment.error_code) == ("Failed", "IAM_ROLE_PERMISSIONS")
    assert DENIED.format(action) in deployment.error_message
    assert [each.name for each in deployment.events if each.status == "Failed"] == ([event] if event else [])
    assert deployment.error_message in printed
    assert deployment.weights == [] or deployment.weights[-1][1] == 0, "blue has all traffic"


def test_a_role_that_does_not_trust_its_service_is_not_assumed(runner):
    trust = runner.sessions.policies.roles["lantern-build"].trust
    trusting(runner.sessions.policies, "lantern-pipeline", trust)

    execution, _ = to_its_end(runner)

    failed_in, failed = failed_action(execution)
    assert (failed_in, failed.error_code) == ("Source", "AccessDenied")
    assert "User: codepipeline.amazonaws.com " + DENIED.format("sts:AssumeRole") in failed.error_message


def test_a_role_that_does_not_trust_codedeploy_fails_a_deployment_before_its_tasks(runner):
    trust = runner.sessions.policies.roles["lantern-build"].trust
    trusting(runner.sessions.policies, "lantern-deployer", trust)

    to_its_end(runner)

    deployment = next(each for each in runner.deployments.all() if not each.rolls_back)
    assert deployment.error_code == "IAM_ROLE_PERMISSIONS"
    assert "User: codedeploy.amazonaws.com " + DENIED.format("sts:AssumeRole") in deployment.error_message
