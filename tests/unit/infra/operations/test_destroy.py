"""What `destroy` stops before it deletes, and what it reports as left."""

import pytest

from infra.operations import destroy
from infra.operations.destroy import TABLES
from infra.operations.errors import AccountError
from infra.shop import EXAMPLE_ACCOUNT, EXAMPLE_REGION
from tests.unit.infra.operations.stubs import StubbedAccount

TAGGED = [
    f"arn:aws:dynamodb:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:table/lantern-orders",
    f"arn:aws:ecs:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:cluster/lantern",
    f"arn:aws:ecs:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:task-definition/lantern-orders:7",
    f"arn:aws:s3:::lantern-artifacts-{EXAMPLE_ACCOUNT}-{EXAMPLE_REGION}",
]


@pytest.fixture(name="account")
def _account():
    return StubbedAccount()


def test_a_running_execution_is_stopped_and_one_that_is_over_is_not(account):
    account.expect(
        "codepipeline",
        "list_pipeline_executions",
        {
            "pipelineExecutionSummaries": [
                {"pipelineExecutionId": "running", "status": "InProgress"},
                {"pipelineExecutionId": "over", "status": "Succeeded"},
            ]
        },
    )
    account.expect(
        "codepipeline",
        "stop_pipeline_execution",
        {"pipelineExecutionId": "running"},
        {
            "pipelineName": "lantern",
            "pipelineExecutionId": "running",
            "abandon": True,
            "reason": "make destroy",
        },
    )

    destroy._stop_pipeline(account, print)

    account.check_all_were_called()


def test_a_running_deployment_is_stopped_and_its_end_waited_for(account):
    for deployments in (["d-ABCDEF123"], [], []):
        account.expect("codedeploy", "list_deployments", {"deployments": deployments})
    account.expect(
        "codedeploy",
        "stop_deployment",
        {"status": "Pending"},
        {"deploymentId": "d-ABCDEF123", "autoRollbackEnabled": False},
    )
    for deployments in (["d-ABCDEF123"], [], [], []):  # still there at the first look, gone at the second
        account.expect("codedeploy", "list_deployments", {"deployments": deployments})

    destroy._stop_deployments(account, print, 0)

    account.check_all_were_called()


def digests(*names):
    return [{"imageDigest": f"sha256:{name}"} for name in names]


def delete_images(account, names, gone, failures=()):
    account.expect("ecr", "list_images", {"imageIds": digests(*names)}, {"repositoryName": "lantern/orders"})
    account.expect(
        "ecr",
        "batch_delete_image",
        {
            **({"imageIds": digests(*gone)} if gone else {}),
            "failures": [
                {
                    "imageId": digests(name)[0],
                    "failureCode": "ImageReferencedByManifestList",
                    "failureReason": "an index has it",
                }
                for name in failures
            ],
        },
        {"repositoryName": "lantern/orders", "imageIds": digests(*names)},
    )


def test_images_of_an_index_are_deleted_after_the_index(account):
    delete_images(account, ["attestation", "image", "index"], ["index"], ["attestation", "image"])
    delete_images(account, ["attestation", "image"], ["attestation", "image"])
    account.expect("ecr", "list_images", {})
    lines = []

    destroy._empty_repository(account, "lantern/orders", lines.append)

    account.check_all_were_called()
    assert lines == ["repository lantern/orders: 3 images deleted"]


def test_plain_images_are_deleted_at_once(account):
    delete_images(account, ["newer", "older"], ["newer", "older"])
    account.expect("ecr", "list_images", {})

    destroy._empty_repository(account, "lantern/orders", print)

    account.check_all_were_called()


def test_an_image_that_stays_ends_the_command_with_its_reason(account):
    delete_images(account, ["image"], [], ["image"])

    with pytest.raises(AccountError, match=r"lantern/orders: 1 images can't be deleted: an index has it"):
        destroy._empty_repository(account, "lantern/orders", print)


def test_what_ends_by_itself_meanwhile_is_stopped_too(account):
    account.expect(
        "codepipeline",
        "list_pipeline_executions",
        {"pipelineExecutionSummaries": [{"pipelineExecutionId": "running", "status": "InProgress"}]},
    )
    account.refuse("codepipeline", "stop_pipeline_execution", "PipelineExecutionNotStoppableException")
    for deployments in (["d-ABCDEF123"], [], []):
        account.expect("codedeploy", "list_deployments", {"deployments": deployments})
    account.refuse("codedeploy", "stop_deployment", "DeploymentAlreadyCompletedException")
    for _ in range(3):
        account.expect("codedeploy", "list_deployments", {"deployments": []})

    destroy._stop_pipeline(account, print)
    destroy._stop_deployments(account, print, 0)

    account.check_all_were_called()


class LateLog:
    """Stacks of which one can't be deleted at once: a log file came into its bucket meanwhile."""

    def __init__(self, late):
        self.late = late

    def delete(self, name):
        yield "AccessLogsBucket DELETE_IN_PROGRESS"
        if self.late:
            self.late -= 1
            raise AccountError(f"{name} ended in DELETE_FAILED: AccessLogsBucket: not empty")


@pytest.mark.parametrize(("part", "late", "emptied"), [("foundation", 2, 3), ("network", 0, 1)])
def test_buckets_are_emptied_again_when_a_log_came_late(account, monkeypatch, part, late, emptied):
    parts = []
    monkeypatch.setattr(destroy, "_make_deletable", lambda _account, part, _say: parts.append(part))

    destroy._delete_stack(account, LateLog(late), part, print)

    assert parts == [part] * emptied


def test_a_stack_that_can_not_be_deleted_ends_the_command(account, monkeypatch):
    monkeypatch.setattr(destroy, "_make_deletable", lambda *_: None)

    with pytest.raises(AccountError, match="not empty"):
        destroy._delete_stack(account, LateLog(destroy.ATTEMPTS), "foundation", print)


def test_codebuilds_own_report_group_goes_and_nobody_elses(account):
    start = f"arn:aws:codebuild:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:report-group"
    account.expect(
        "codebuild",
        "list_report_groups",
        {"reportGroups": [f"{start}/other-tests", f"{start}/lantern-build-tests"]},
    )
    account.expect(
        "codebuild", "delete_report_group", {}, {"arn": f"{start}/lantern-build-tests", "deleteReports": True}
    )

    destroy._delete_report_groups(account, print)

    account.check_all_were_called()


@pytest.mark.parametrize(("state", "exists"), [("deleted", False), ("available", True)])
def test_a_nat_gateway_counts_as_left_while_it_is_there(account, state, exists):
    """AWS lists it by its tags for an hour after its end."""
    account.expect(
        "ec2",
        "describe_nat_gateways",
        {"NatGateways": [{"State": state}]},
        {"NatGatewayIds": ["nat-0123456789abcdef0"]},
    )
    arn = f"arn:aws:ec2:{EXAMPLE_REGION}:{EXAMPLE_ACCOUNT}:natgateway/nat-0123456789abcdef0"

    assert destroy._still_exists(account, arn, with_data=False) is exists


def test_no_pipeline_is_nothing_to_stop(account):
    account.refuse("codepipeline", "list_pipeline_executions", "PipelineNotFoundException")

    destroy._stop_pipeline(account, print)


def test_a_refusal_is_told_in_the_words_of_aws(account):
    account.refuse("codepipeline", "list_pipeline_executions", "AccessDeniedException", "no right to look")

    with pytest.raises(AccountError, match=r"pipeline lantern: .*no right to look"):
        destroy._stop_pipeline(account, print)


@pytest.mark.parametrize(
    ("with_data", "cluster", "table", "remaining"),
    [
        (False, "INACTIVE", "ACTIVE", [TAGGED[3]]),
        (True, "INACTIVE", "DELETING", [TAGGED[3]]),
        (True, "ACTIVE", "ACTIVE", [TAGGED[0], TAGGED[1], TAGGED[3]]),
    ],
)
def test_only_existing_resources_count_as_left(account, with_data, cluster, table, remaining):
    """AWS lists deleted clusters and task definitions by their tags for some hours."""
    account.expect(
        "resourcegroupstaggingapi",
        "get_resources",
        {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in TAGGED]},
        {"TagFilters": [{"Key": "project", "Values": ["lantern"]}]},
    )
    account.expect("ecs", "describe_clusters", {"clusters": [{"status": cluster}]})
    if with_data:
        account.expect("dynamodb", "describe_table", {"Table": {"TableStatus": table}})
        for _ in TABLES:
            account.expect("dynamodb", "list_backups", {})

    assert destroy.remaining_resources(account, with_data=with_data) == remaining


def test_a_backup_that_somebody_made_of_a_table_is_left_and_dynamodbs_own_is_not(account):
    backup = "arn:aws:dynamodb:us-east-1:111122223333:table/lantern-orders/backup/01489602797149-73d8d5bc"
    account.expect("resourcegroupstaggingapi", "get_resources", {"ResourceTagMappingList": []})
    for table in TABLES:
        kinds = ("SYSTEM", "USER") if table == "lantern-orders" else ()
        summaries = [{"BackupArn": f"{backup}{kind}", "BackupType": kind} for kind in kinds]
        account.expect("dynamodb", "list_backups", {"BackupSummaries": summaries}, {"TableName": table})

    assert destroy.remaining_resources(account, with_data=True) == [f"{backup}USER"]
