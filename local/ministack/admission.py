"""Which requests the local AWS takes: those of AWS clients and of docker, for the services that Lantern uses.

MiniStack by itself answers everybody, and some of its engines run what a request brings along: a function's
code, a job's script. docs/security.md says what is let in and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from local.awsapi.signatures import may_be_unsigned, signed_service
from local.ministack import engine
from origins import SAFE_METHODS, foreign_sender, is_own_host

HEALTH = "/_lantern/health"
FAULTS = "/_lantern/faults"
ACCESSES = "/_lantern/accesses"  # what roles have asked for
EVENTS = "/_lantern/events"  # where the local CodePipeline and CodeDeploy tell what AWS's would tell
REGISTRY = "/v2/"  # Docker's registry API, which is ECR's too
# What outgoing requests to anybody are made of: an event would be sent to the address that a request names
REFUSED_TARGETS = ("AWSEvents.CreateApiDestination", "AWSEvents.CreateConnection")
CHALLENGE = ("www-authenticate", 'Basic realm="The local ECR: user AWS, any password"')


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer in AWS's words."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


def refusal(method: str, path: str, query: str, headers: Mapping[str, str]) -> Refusal | None:
    """Why a request is not taken, or None when it is. `headers` has lower-case names."""
    if not is_own_host(headers.get("host", "")):
        return _denied(f"The local AWS answers under no name of the internet: Host: {headers['host'][:100]}")
    if sender := foreign_sender(method, headers):
        return _denied(f"The local AWS answers no web page of another origin: {sender}")
    if (path in (HEALTH, ACCESSES) and method in SAFE_METHODS) or (
        path == EVENTS and may_be_unsigned(method, headers)
    ):
        return None
    if path == FAULTS and method in ("GET", "PUT", "DELETE"):  # which no form can send, and no page elsewhere
        return None
    if path.startswith(REGISTRY):
        is_docker = headers.get("authorization", "").startswith("Basic ")
        return None if is_docker else Refusal(401, "Unauthorized", "docker login comes first", (CHALLENGE,))
    if service := signed_service(headers):
        return _unused(engine.service_of(method, path, query, headers), service, path, headers)
    if _is_presigned_object(method, path, query, headers):
        return None
    return Refusal(
        403,
        "MissingAuthenticationToken",
        "The local AWS takes signed requests only, with any credentials: ask with aws or an SDK",
    )


def _unused(service: str, signed_for: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
    if path.startswith("/_"):
        return _denied(f"{path} is the emulator's own and switched off")
    for name in {service, signed_for}:
        if name not in engine.SERVICES:
            return _denied(
                f"{name} is switched off in the local AWS, which runs nothing that a request brings along; "
                f"there are {', '.join(engine.SERVICES)}. See docs/security.md"
            )
    target = headers.get("x-amz-target", "")
    if target in REFUSED_TARGETS:
        return _denied(f"{target} is switched off in the local AWS: it sends events to nobody outside")
    return None


def _is_presigned_object(method: str, path: str, query: str, headers: Mapping[str, str]) -> bool:
    """Whether this is a presigned address of an object, in either of the forms that boto3 makes.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""
    fields = parse_qs(query)
    bucket, _, key = path.removeprefix("/").partition("/")
    is_signed = fields.keys() >= {"X-Amz-Credential", "X-Amz-Signature"}
    is_signed |= fields.keys() >= {"AWSAccessKeyId", "Signature", "Expires"}
    is_object = bool(bucket and key) and not bucket.startswith("_")
    return (
        is_signed
        and is_object
        and method in ("GET", "HEAD", "PUT")
        and "Action" not in fields
        and "x-amz-target" not in headers
        and engine.service_of(method, path, query, headers) == "s3"
    )


def _denied(message: str) -> Refusal:
    return Refusal(403, "AccessDeniedException", message)
