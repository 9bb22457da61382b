"""`make destroy`: deletes every stack and what no stack owns, then lists what still has Lantern's tag."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.operations import deployment_guard
from infra.operations.account import Account
from infra.operations.errors import AccountError
from infra.operations.stacks import POLL_S, Stacks
from infra.shop import BUILD_PROJECT, PIPELINE, PROJECT, SERVICES, STACKS, TAG, XRAY_REPOSITORY, stack_name

Say = Callable[[str], None]

TABLES = tuple(service.table for service in SERVICES if service.table)
OTHER_WAYS = (
    "eks",
    "apprunner",
    "express",
)  # stacks of infra/eks and infra/apprunner; they stand on the others
STOP_TIMEOUT_S = 600
ATTEMPTS = 3
PAGE = 1000  # S3 deletes so many objects with one request
IMAGES = 100  # ECR so many images
REVISIONS = 10  # and ECS so many task definitions


def destroy(account: Account, say: Say, *, with_data: bool, poll_s: float = POLL_S) -> list[str]:
    """Delete the stacks in reverse order; return the ARNs of the resources that are left.

    The tables outlive their stack; `with_data` deletes them too. Raises AccountError when AWS refuses a step;
    the command can then be run again.
    """
    stacks = Stacks(account, poll_s=poll_s)
    existing = [part for part in (*STACKS, *OTHER_WAYS) if stacks.status(stack_name(part))]
    _stop_pipeline(account, say)
    _stop_deployments(account, say, poll_s)
    for part in reversed(existing):
        _delete_stack(account, stacks, part, say)
    _delete_report_groups(account, say)
    _delete_task_definitions(account, say)
    _delete_log_groups(account, say)
    if with_data:
        _delete_tables(account, say)
    return remaining_resources(account, with_data=with_data)


def _delete_stack(account: Account, stacks: Stacks, part: str, say: Say) -> None:
    """Delete a stack; that of the buckets again: load balancers write their last log minutes later."""
    for attempts_left in reversed(range(ATTEMPTS if part == "foundation" else 1)):
        _make_deletable(account, part, say)
        say(f"{stack_name(part)}: delete")
        try:
            for line in stacks.delete(stack_name(part)):
                say(f"  {line}")
        except AccountError as error:
            if not attempts_left:
                raise
            say(f"  {error}; once more")
        else:
            return


def _stop_pipeline(account: Account, say: Say) -> None:
    codepipeline = account.client("codepipeline")
    try:
        answer = codepipeline.list_pipeline_executions(pipelineName=PIPELINE)
    except ClientError as error:
        if _is_absent(error):
            return
        raise AccountError(f"pipeline {PIPELINE}: {error}") from None
    for execution in answer["pipelineExecutionSummaries"]:
        execution_id = execution["pipelineExecutionId"]
        if execution["status"] == "InProgress":
            say(f"pipeline execution {execution_id}: stop")
            with _unless("NotStoppable"):
                codepipeline.stop_pipeline_execution(
                    pipelineName=PIPELINE,
                    pipelineExecutionId=execution_id,
                    abandon=True,
                    reason="make destroy",
                )


def _stop_deployments(account: Account, say: Say, poll_s: float) -> None:
    """Stop running deployments and wait for their end: until then they hold the listeners."""
    running = [
        deployment_id
        for service in SERVICES
        for deployment_id in deployment_guard.running_deployments(account, service.name)
    ]
    for deployment in running:
        say(f"deployment {deployment}: stop")
        with _unless("AlreadyCompleted"):
            account.client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=False)
    ends_at = time.monotonic() + STOP_TIMEOUT_S
    while any(deployment_guard.running_deployments(account, service.name) for service in SERVICES if running):
        if time.monotonic() > ends_at:
            raise AccountError(f"{', '.join(running)} did not stop in {STOP_TIMEOUT_S} s")
        time.sleep(poll_s)


@contextlib.contextmanager
def _unless(code: str) -> Iterator[None]:
    """Pass over AWS's refusal with this word in its code: what was to be stopped has ended meanwhile."""
    try:
        yield
    except ClientError as error:
        if code not in error.response["Error"]["Code"]:
            raise AccountError(str(error)) from None


def _is_absent(error: ClientError) -> bool:
    """Whether the resource, or the whole service at this endpoint, does not exist."""
    code = error.response["Error"]["Code"]
    return any(
        word in code for word in ("NotFound", "DoesNotExist", "NoSuch", "UnknownOperation", "Unsupported")
    )


def _make_deletable(account: Account, part: str, say: Say) -> None:
    if part == "platform":
        _allow_deletion(account)
    if part == "foundation":
        for purpose in ("artifacts", "logs"):
            _empty_bucket(account, f"{PROJECT}-{purpose}-{account.number}-{account.region}", say)
        for repository in [service.repository for service in SERVICES] + [XRAY_REPOSITORY]:
            _empty_repository(account, repository, say)


def _allow_deletion(account: Account) -> None:
    elb = account.client("elbv2")
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        if balancer["LoadBalancerName"] in (f"{PROJECT}-public", f"{PROJECT}-internal"):
            elb.modify_load_balancer_attributes(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
            )


def _empty_bucket(account: Account, bucket: str, say: Say) -> None:
    """Delete every version and every delete marker."""
    s3 = account.client("s3")
    try:
        pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=bucket))
    except ClientError as error:
        if _is_absent(error):
            return
        raise AccountError(f"bucket {bucket}: {error}") from None
    versions = [
        {"Key": version["Key"], "VersionId": version["VersionId"]}
        for page in pages
        for kind in ("Versions", "DeleteMarkers")
        for version in page.get(kind, [])
    ]
    for start in range(0, len(versions), PAGE):
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": versions[start : start + PAGE], "Quiet": True}
        )
        if errors := answer.get("Errors"):
            raise AccountError(f"bucket {bucket}: {errors[0]['Key']}: {errors[0]['Message']}")
    say(f"bucket {bucket}: {len(versions)} object versions deleted")


def _empty_repository(account: Account, repository: str, say: Say) -> None:
    """Delete in passes: ECR keeps the images of an index until the index is gone."""
    deleted = 0
    while digests := _digests(account, repository):
        gone, failures = _delete_images(account, repository, digests)
        if not gone:
            reason = failures[0].get("failureReason", "no reason given") if failures else "no reason given"
            raise AccountError(f"repository {repository}: {len(digests)} images can't be deleted: {reason}")
        deleted += gone
    if deleted:
        say(f"repository {repository}: {deleted} images deleted")


def _digests(account: Account, repository: str) -> list[str]:
    try:
        images = account.pages("ecr", "list_images", "imageIds", repositoryName=repository)
    except AccountError as error:
        if "RepositoryNotFoundException" in str(error):
            return []
        raise
    return sorted({image["imageDigest"] for image in images})


def _delete_images(account: Account, repository: str, digests: list[str]) -> tuple[int, list[dict[str, Any]]]:
    """Try to delete these; return how many images are gone, and why others are not."""
    gone: set[str] = set()
    failures: list[dict[str, Any]] = []
    for start in range(0, len(digests), IMAGES):
        answer = account.client("ecr").batch_delete_image(
            repositoryName=repository,
            imageIds=[{"imageDigest": digest} for digest in digests[start : start + IMAGES]],
        )
        gone |= {image["imageDigest"] for image in answer.get("imageIds", [])}
        failures += answer.get("failures", [])
    return len(gone), failures


def _delete_task_definitions(account: Account, say: Say) -> None:
    """Delete every revision: the pipeline registered some that no stack owns."""
    ecs = account.client("ecs")
    for service in SERVICES:
        family = {"familyPrefix": service.family}
        active = account.pages(
            "ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE", **family
        )
        for revision in active:
            ecs.deregister_task_definition(taskDefinition=revision)
        inactive = account.pages(
            "ecs", "list_task_definitions", "taskDefinitionArns", status="INACTIVE", **family
        )
        for start in range(0, len(inactive), REVISIONS):
            ecs.delete_task_definitions(taskDefinitions=inactive[start : start + REVISIONS])
        if inactive:
            say(f"task definition {service.family}: {len(inactive)} revisions deleted")


def _delete_report_groups(account: Account, say: Say) -> None:
    """Delete the groups of test reports that CodeBuild makes by itself, without a tag."""
    try:
        groups = account.pages("codebuild", "list_report_groups", "reportGroups")
    except AccountError as error:
        if "InvalidAction" in str(error) or "UnknownOperation" in str(error):
            return  # an emulator without it
        raise
    for arn in groups:
        if f":report-group/{BUILD_PROJECT}-" in arn:
            account.client("codebuild").delete_report_group(arn=arn, deleteReports=True)
            say(f"report group {arn.rsplit('/', 1)[-1]}: deleted with its reports")


def _delete_log_groups(account: Account, say: Say) -> None:
    """Delete log groups that were made again by lines that came after their stack was deleted."""
    for group in account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=f"/{PROJECT}/"):
        account.client("logs").delete_log_group(logGroupName=group["logGroupName"])
        say(f"log group {group['logGroupName']}: deleted")


def _delete_tables(account: Account, say: Say) -> None:
    for table in TABLES:
        try:
            account.client("dynamodb").delete_table(TableName=table)
        except ClientError as error:
            if not _is_absent(error):
                raise AccountError(f"table {table}: {error}") from None
        else:
            say(f"table {table}: deleted with all that is in it")


def remaining_resources(account: Account, *, with_data: bool) -> list[str]:
    """The ARNs of existing resources with Lantern's tag, without tables that are kept."""
    ((key, value),) = TAG.items()
    tagged = account.pages(
        "resourcegroupstaggingapi",
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": key, "Values": [value]}],
    )
    arns = [str(resource["ResourceARN"]) for resource in tagged]
    left = [arn for arn in arns if _still_exists(account, arn, with_data=with_data)]
    return sorted([*left, *(_table_backups(account) if with_data else ())])


def _table_backups(account: Account) -> list[str]:
    """The ARNs of the backups that somebody made of the tables: they stay, cost money, and have no tag.

    The backup that DynamoDB itself makes of a deleted table costs nothing and ends after 35 days.
    """
    summaries = [
        summary
        for table in TABLES
        for summary in account.pages("dynamodb", "list_backups", "BackupSummaries", TableName=table)
    ]
    return [str(summary["BackupArn"]) for summary in summaries if summary["BackupType"] != "SYSTEM"]


def _still_exists(account: Account, arn: str, *, with_data: bool) -> bool:
    """AWS lists deleted clusters, services, tasks and NAT gateways by their tags for some hours."""
    if ":dynamodb:" in arn:
        return with_data and _table_exists(account, arn)
    if ":ecs:" in arn and any(f":{kind}/" in arn for kind in ("task-definition", "service", "task")):
        return False  # deleted above with their families and their cluster
    if ":natgateway/" in arn:
        return _nat_gateway_exists(account, arn)
    if ":ecs:" in arn and ":cluster/" in arn:
        clusters: list[dict[str, Any]] = account.client("ecs").describe_clusters(clusters=[arn])["clusters"]
        return any(cluster["status"] == "ACTIVE" for cluster in clusters)
    return True


def _nat_gateway_exists(account: Account, arn: str) -> bool:
    try:
        gateways = account.pages(
            "ec2", "describe_nat_gateways", "NatGateways", NatGatewayIds=[arn.rsplit("/", 1)[-1]]
        )
    except AccountError as error:
        if "NotFound" in str(error):
            return False
        raise
    return any(gateway["State"] not in ("deleting", "deleted") for gateway in gateways)


def _table_exists(account: Account, arn: str) -> bool:
    try:
        table = account.client("dynamodb").describe_table(TableName=arn.rsplit("/", 1)[-1])["Table"]
    except ClientError:
        return False
    return bool(table["TableStatus"] != "DELETING")
