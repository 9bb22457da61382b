"""Spans of a segment document, as the log group aws/spans holds them. Pure: it knows no log group.

AWS says that segments are converted to the semantic conventions, and not how. Here each segment and
subsegment is a span by the exporter's rules read backwards (local.xray.otlp), in the form of AWS's examples:
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/understanding-input-spans.html
"""

from collections.abc import Iterator
from typing import Any

from local.xray.segments import Document, as_mapping, exceptions_of
from local.xray.status import status_of

Span = dict[str, Any]
Attributes = dict[str, Any]

NS_PER_S = 1_000_000_000
DEFAULT_NAMESPACE = "default"  # of metadata: its keys are attributes without a prefix
PLATFORMS = {
    "AWS::EC2::Instance": "aws_ec2",
    "AWS::ECS::Container": "aws_ecs",
    "AWS::ECS::EC2": "aws_ecs",
    "AWS::ECS::Fargate": "aws_ecs",
    "AWS::EKS::Container": "aws_eks",
    "AWS::ElasticBeanstalk::Environment": "aws_elastic_beanstalk",
    "AWS::Lambda::Function": "aws_lambda",
}
HTTP = {
    ("request", "method"): "http.request.method",
    ("request", "url"): "url.full",
    ("request", "user_agent"): "user_agent.original",
    ("request", "client_ip"): "client.address",
    ("response", "status"): "http.response.status_code",
    ("response", "content_length"): "http.response.body.size",
}
AWS = {
    "operation": "rpc.method",
    "region": "cloud.region",
    "account_id": "cloud.account.id",
    "request_id": "aws.request_id",
    "queue_url": "messaging.url",
    "bucket_name": "aws.s3.bucket",
    "topic_arn": "messaging.destination.name",
    "function_name": "faas.invoked_name",
}
SQL = {
    "database_type": "db.system",
    "sanitized_query": "db.query.text",
    "url": "db.connection_string",
    "user": "db.user",
}


def trace_id_digits(trace_id: str) -> str:
    """The 32 digits of an id in X-Ray's form."""
    return "".join(trace_id.split("-")[1:])


def spans_of(document: Document) -> Iterator[Span]:
    """The spans of a finished document and of all finished subsegments in it, parents first."""
    resource, scope = _resource(document), _scope(document)
    trace_id = trace_id_digits(document["trace_id"])
    is_segment = document.get("type") != "subsegment"
    waiting = [(document, document.get("parent_id"), is_segment)]
    while waiting:
        entity, parent_id, is_root = waiting.pop()
        children = entity.get("subsegments", ())
        waiting += [(child, entity["id"], False) for child in reversed(children)]
        if entity.get("end_time") is None:
            continue  # it comes again when it has ended
        start_ns, end_ns = _ns(entity["start_time"]), _ns(entity["end_time"])
        kind = "SERVER" if is_root else _kind(entity)
        yield {
            "resource": {"attributes": resource},
            "scope": scope,
            "traceId": trace_id,
            "spanId": entity["id"],
            **({"parentSpanId": parent_id} if parent_id else {}),
            "name": entity["name"],
            "kind": kind,
            "startTimeUnixNano": start_ns,
            "endTimeUnixNano": end_ns,
            "durationNano": end_ns - start_ns,
            "attributes": _attributes(entity),
            "events": [_event(exception, end_ns) for exception in exceptions_of(entity)],
            "links": _links(entity),
            "status": {"code": _status(entity, kind)},
        }


def _ns(time_s: float) -> int:
    return int(time_s * NS_PER_S)


def _kind(entity: Document) -> str:
    return "CLIENT" if entity.get("namespace") in ("aws", "remote") or "sql" in entity else "INTERNAL"


def _status(entity: Document, kind: str) -> str:
    """By the conventions 4xx is an error of the client's span alone."""
    status = status_of(entity)
    is_error = status == "fault" or (status in ("error", "throttle") and kind != "SERVER")
    return "ERROR" if is_error else "UNSET"


def _resource(document: Document) -> Attributes:
    aws = as_mapping(document.get("aws"))
    ec2, ecs, eks = (as_mapping(aws.get(name)) for name in ("ec2", "ecs", "eks"))
    is_segment = document.get("type") != "subsegment"
    origin = document.get("origin")
    return _present(
        {
            "service.name": document["name"] if is_segment else None,
            "service.version": as_mapping(document.get("service")).get("version"),
            "cloud.provider": "aws" if isinstance(origin, str) and origin.startswith("AWS::") else None,
            "cloud.platform": PLATFORMS.get(origin) if isinstance(origin, str) else None,
            "cloud.account.id": aws.get("account_id") if is_segment else None,
            "cloud.resource_id": document.get("resource_arn"),
            "cloud.availability_zone": ec2.get("availability_zone"),
            "host.id": ec2.get("instance_id"),
            "container.id": ecs.get("container_id") or eks.get("container_id"),
            "container.name": ecs.get("container"),
            "k8s.cluster.name": eks.get("cluster_name"),
            "k8s.pod.name": eks.get("pod"),
        }
    )


def _scope(document: Document) -> Attributes:
    xray = as_mapping(as_mapping(document.get("aws")).get("xray"))
    return _present({"name": xray.get("sdk"), "version": xray.get("sdk_version")})


def _attributes(entity: Document) -> Attributes:
    http, aws = as_mapping(entity.get("http")), as_mapping(entity.get("aws"))
    attributes = {key: as_mapping(http.get(part)).get(field) for (part, field), key in HTTP.items()}
    if entity.get("namespace") == "aws":
        attributes |= {"rpc.system": "aws-api", "rpc.service": entity["name"]}
        attributes |= {key: aws.get(field) for field, key in AWS.items()}
        attributes["aws.dynamodb.table_names"] = aws.get("table_names") or _listed(aws.get("table_name"))
    sql = as_mapping(entity.get("sql"))
    attributes |= {key: sql.get(field) for field, key in SQL.items()}
    attributes["enduser.id"] = entity.get("user")
    for namespace, content in as_mapping(entity.get("metadata")).items():
        prefix = "" if namespace == DEFAULT_NAMESPACE else f"{namespace}."
        attributes |= {f"{prefix}{key}": value for key, value in as_mapping(content).items()}
    annotations = as_mapping(entity.get("annotations"))
    attributes |= annotations
    attributes["aws.xray.annotations"] = list(annotations) or None
    return _present(attributes)


def _listed(value: Any) -> list[Any] | None:
    return None if value is None else [value]


def _event(exception: Document, time_ns: int) -> dict[str, Any]:
    stack = exception.get("stack")
    frames = [as_mapping(frame) for frame in stack] if isinstance(stack, list) else []
    text = "\n".join(f"{f.get('label')} ({f.get('path')}:{f.get('line')})" for f in frames)
    attributes = {
        "exception.type": exception.get("type"),
        "exception.message": exception.get("message"),
        "exception.stacktrace": text or None,
    }
    return {"name": "exception", "timeUnixNano": time_ns, "attributes": _present(attributes)}


def _links(entity: Document) -> list[dict[str, Any]]:
    links = entity.get("links")
    known = [as_mapping(link) for link in links] if isinstance(links, list) else []
    return [
        {"traceId": trace_id_digits(link["trace_id"]), "spanId": link["id"]}
        for link in known
        if isinstance(link.get("trace_id"), str) and isinstance(link.get("id"), str)
    ]


def _present(fields: Attributes) -> Attributes:
    return {name: value for name, value in fields.items() if value is not None}
