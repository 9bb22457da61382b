"""Which actions on which resources a request is, for the operations that a role of the shop may ask for.

Most operations are an action of their own name. Where AWS's service authorization reference says otherwise, a
table here has it: https://docs.aws.amazon.com/service-authorization/latest/reference/
An operation without a row raises UnknownOperation: a role does nothing here of which nobody knows the action.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from local.awsapi.account import ACCOUNT, REGION

Parameters = Mapping[str, Any]
Context = dict[str, tuple[str, ...]]

# The IAM prefix of a service, where it differs from the name in a signature
PREFIXES = {"monitoring": "cloudwatch"}
# Keys that are about one service; a request of another operation does not have them
NO_KEYS: Context = dict.fromkeys(
    ("iam:passedtoservice", "ecs:createaction", "cloudwatch:namespace", "aws:sourcearn", "aws:sourceaccount"),
    (),
)


class UnknownOperation(Exception):
    """No row says which action a request is; the message names the operation."""


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource, with the condition keys that it has beside those of every request."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


def common_context(source_arn: str = "") -> Context:
    """The condition keys that any request here has. The laptop's HTTP stands for AWS's HTTPS."""
    context = NO_KEYS | {
        "aws:securetransport": ("true",),
        "aws:requestedregion": (REGION,),
        "aws:principalaccount": (ACCOUNT,),
    }
    return context | ({"aws:sourcearn": (source_arn,), "aws:sourceaccount": (ACCOUNT,)} if source_arn else {})


def resource_arn(service: str, name: str) -> str:
    """The ARN of a resource of this account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def accesses(service: str, operation: str, parameters: Parameters) -> list[Access]:
    """What an operation of a service that takes parameters by name needs. Raises UnknownOperation."""
    prefix = PREFIXES.get(service, service)
    build = OPERATIONS.get(f"{prefix}:{operation}")
    if build is None:
        raise UnknownOperation(f"the local IAM does not know which action {service} {operation} is")
    return list(build(f"{prefix}:{operation}", parameters))


# --- https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html

S3_OBJECT = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
S3_BUCKET = {
    ("GET", "acl"): "GetBucketAcl",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "list-type"): "ListBucket",
    ("GET", "versions"): "ListBucketVersions",
    ("HEAD", ""): "ListBucket",
    ("GET", ""): "ListBucket",
}
S3_PLAIN = {
    "x-id",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "encoding-type",
    "partNumber",
    "uploadId",
}
S3_PLAIN |= {"uploads"}


def s3_accesses(method: str, path: str, query: Parameters) -> list[Access]:
    """What a request of S3's API needs, by its method, path and query fields. Raises UnknownOperation."""
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    marks = sorted(query.keys() - S3_PLAIN)
    if key and method in S3_OBJECT and marks in ([], ["versionId"]):
        name = S3_OBJECT[method] + ("Version" if marks and method != "PUT" else "")
        return [Access(f"s3:{name}", f"arn:aws:s3:::{bucket}/{key}")]
    mark = "list-type" if "list-type" in marks else "".join(marks)
    if bucket and not key and (method, mark) in S3_BUCKET:
        return [Access(f"s3:{S3_BUCKET[method, mark]}", f"arn:aws:s3:::{bucket}")]
    what = f"{method} {path}" + (f"?{'&'.join(marks)}" if marks else "")
    raise UnknownOperation(f"the local IAM does not know which action of S3 {what} is")


# --- https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html

REGISTRY = (
    ("HEAD", r"blobs/[^/]+", "BatchCheckLayerAvailability"),
    ("GET", r"blobs/[^/]+", "GetDownloadUrlForLayer"),
    ("POST", r"blobs/uploads/?", "InitiateLayerUpload"),
    ("PATCH", r"blobs/uploads/.+", "UploadLayerPart"),
    ("PUT", r"blobs/uploads/.+", "CompleteLayerUpload"),
    ("HEAD|GET", r"manifests/[^/]+", "BatchGetImage"),
    ("PUT", r"manifests/[^/]+", "PutImage"),
)


def registry_accesses(method: str, path: str) -> list[Access]:
    """What a request of Docker's registry API needs; none for the login. Raises UnknownOperation."""
    if path.rstrip("/") == "/v2":
        return []
    for methods, pattern, action in REGISTRY:
        match = re.fullmatch(rf"/v2/(.+?)/{pattern}", path)
        if match and method in methods.split("|"):
            return [Access(f"ecr:{action}", resource_arn("ecr", f"repository/{match[1]}"))]
    raise UnknownOperation(f"the local IAM does not know which action of ECR {method} {path} is")


# --- one function a kind of resource: the action and the parameters in, what it needs out

Build = Callable[[str, Parameters], Iterator[Access]]


def _anything(action: str, _parameters: Parameters) -> Iterator[Access]:
    yield Access(action)


def _table(action: str, parameters: Parameters) -> Iterator[Access]:
    index = f"/index/{parameters['IndexName']}" if parameters.get("IndexName") else ""
    yield Access(action, _table_arn(str(parameters.get("TableName", ""))) + index)


def _batch(action: str, parameters: Parameters) -> Iterator[Access]:
    for table in parameters.get("RequestItems", {}):
        yield Access(action, _table_arn(table))


IN_TRANSACTIONS = {  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
}


def _transaction(_action: str, parameters: Parameters) -> Iterator[Access]:
    for entry in parameters.get("TransactItems", []):
        for kind, request in entry.items():
            yield Access(f"dynamodb:{IN_TRANSACTIONS[kind]}", _table_arn(request["TableName"]))


def _table_arn(name: str) -> str:
    return name if name.startswith("arn:") else resource_arn("dynamodb", f"table/{name}")


def _log_stream(action: str, parameters: Parameters) -> Iterator[Access]:
    yield log_stream(action, str(parameters.get("logGroupName")), str(parameters.get("logStreamName")))


def log_stream(action: str, group: str, stream: str) -> Access:
    """An action on a log stream."""
    return Access(action, resource_arn("logs", f"log-group:{group}:log-stream:{stream}"))


def _repository(action: str, parameters: Parameters) -> Iterator[Access]:
    yield Access(action, resource_arn("ecr", f"repository/{parameters.get('repositoryName')}"))


def _task_definition(action: str, parameters: Parameters) -> Iterator[Access]:
    """Whoever registers a task definition passes its roles to ECS, and tags what it makes."""
    definition = resource_arn("ecs", f"task-definition/{parameters.get('family')}:*")
    yield Access(action, definition)
    for role in ("taskRoleArn", "executionRoleArn"):
        if parameters.get(role):
            yield passed_role(parameters[role])
    if parameters.get("tags"):
        yield Access("ecs:TagResource", definition, {"ecs:createaction": ("RegisterTaskDefinition",)})


def passed_role(arn: str) -> Access:
    """iam:PassRole of a role that tasks will have."""
    return Access("iam:PassRole", arn, {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)})


def _metric_data(action: str, parameters: Parameters) -> Iterator[Access]:
    yield Access(action, "*", {"cloudwatch:namespace": (str(parameters.get("Namespace")),)})


def _parameter(action: str, parameters: Parameters) -> Iterator[Access]:
    yield Access(action, resource_arn("ssm", f"parameter/{str(parameters.get('Name')).lstrip('/')}"))


TABLE_OPERATIONS = "DeleteItem DescribeTable GetItem PutItem Query Scan UpdateItem"
REPOSITORY_OPERATIONS = (
    "BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload DescribeImages GetDownloadUrlForLayer "
    "InitiateLayerUpload PutImage UploadLayerPart"
)
OPERATIONS: dict[str, Build] = {
    **{f"dynamodb:{name}": _table for name in TABLE_OPERATIONS.split()},
    "dynamodb:BatchGetItem": _batch,
    "dynamodb:BatchWriteItem": _batch,
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:TransactWriteItems": _transaction,
    "logs:CreateLogStream": _log_stream,
    "logs:PutLogEvents": _log_stream,
    **{f"ecr:{name}": _repository for name in REPOSITORY_OPERATIONS.split()},
    "ecr:GetAuthorizationToken": _anything,
    "ecs:RegisterTaskDefinition": _task_definition,
    "cloudwatch:PutMetricData": _metric_data,
    "ssm:GetParameter": _parameter,
}
