"""Name and namespace of a segment. X-Ray names what is called or what serves, not the method as spans do."""

import re
from urllib.parse import urlsplit

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.xray.otlp.attributes import Attributes, text
from local.xray.segments import MAX_NAME

LOCAL_SERVICE, REMOTE_SERVICE = "aws.local.service", "aws.remote.service"
SPAN_KIND, LOCAL_ROOT = "aws.span.kind", "LOCAL_ROOT"
CALLS = (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER)
INVALID = re.compile(r"[^ \w.:/%&#=+\-@]")
NAMELESS = "span"


def name_of(span: Span, attributes: Attributes, resource: Attributes) -> str:
    """The first of the sources that has a name, at most MAX_NAME characters of it."""
    is_server = span.kind == Span.SPAN_KIND_SERVER
    name = (
        _application_signals_name(span, attributes)
        or text(attributes, "peer.service", "aws.service")
        or _database_name(attributes)
        or (is_server and text(resource, "service.name"))
        or text(attributes, "rpc.service", "http.host", "net.peer.name")
        # the new conventions' word for the host; a server's own address is no name
        or (span.kind in CALLS and text(attributes, "server.address"))
        or INVALID.sub("", span.name)
        or NAMELESS
    )
    return name[:MAX_NAME]


def namespace_of(span: Span, attributes: Attributes) -> str:
    """`aws` for calls of AWS SDKs, `remote` for those of clients, else ""."""
    is_named = bool(_application_signals_name(span, attributes) or text(attributes, "peer.service"))
    if is_aws_call(attributes) or (not is_named and text(attributes, "aws.service")):
        return "aws"
    return "remote" if span.kind == Span.SPAN_KIND_CLIENT else ""


def is_aws_call(attributes: Attributes) -> bool:
    """Whether an AWS SDK made the call."""
    return attributes.get("rpc.system") == "aws-api"


def remote_service(attributes: Attributes) -> str:
    """The called service as AWS's Application Signals name it, without their prefix for AWS's own."""
    name = text(attributes, REMOTE_SERVICE)
    if is_aws_call(attributes):
        return name.removeprefix("AWS.SDK.") if name.startswith("AWS.SDK.") else name.removeprefix("AWS::")
    return name


def _application_signals_name(span: Span, attributes: Attributes) -> str:
    is_local_root = attributes.get(SPAN_KIND) == LOCAL_ROOT
    if span.kind == Span.SPAN_KIND_SERVER or (span.kind == Span.SPAN_KIND_INTERNAL and is_local_root):
        return text(attributes, LOCAL_SERVICE)
    return remote_service(attributes) if span.kind in CALLS else ""


def _database_name(attributes: Attributes) -> str:
    """`database@host`."""
    name = text(attributes, "db.name")
    try:
        host = urlsplit(text(attributes, "db.connection_string").removeprefix("jdbc:")).hostname
    except ValueError:
        host = None
    return f"{name}@{host}" if name and host else name
