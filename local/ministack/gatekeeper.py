"""Whether whoever signed a request may have it: the policies of its role, which IAM keeps here, decide.

A person is whoever signs with another key than a role's session, and may do everything. `docs/rehearsal.md`
says who acts with which role.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from local.awsapi.signatures import signed_service, signing_key
from local.iam.conditions import UnjudgedPolicy
from local.iam.operations import (
    Access,
    UnknownOperation,
    accesses,
    common_context,
    registry_accesses,
    s3_accesses,
)
from local.iam.policies import AccessRequest, Decision, denial, evaluate, evaluate_trust
from local.iam.principals import Principal, principal_of, role_arn
from local.ministack import engine
from local.ministack.admission import REGISTRY, Refusal

SOURCE_ARN = "x-amz-source-arn"  # as AWS's services tell STS for whom they assume a role
ALWAYS_ALLOWED = (
    "GetCallerIdentity",
)  # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
CBOR_PATH = re.compile(r"/service/[^/]+/operation/(\w+)")
CODES = {"s3": "AccessDenied", "sts": "AccessDenied", "iam": "AccessDenied", "monitoring": "AccessDenied"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `headers` has lower-case names; `body` is empty where nobody looks."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def service(self) -> str:
        """The service's name in the signature."""
        return signed_service(self.headers)

    @property
    def principal(self) -> Principal | None:
        """Who asks; None is a person."""
        if self.path.startswith(REGISTRY):
            return principal_of(_password(self.headers))
        if credential := parse_qs(self.query).get("X-Amz-Credential"):
            return principal_of(credential[0].partition("/")[0])
        return principal_of(signing_key(self.headers))

    @property
    def operation(self) -> str:
        """The operation's name; "" of S3's and the registry's requests, whose paths say what they are."""
        if match := CBOR_PATH.fullmatch(self.path):
            return match[1]
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        return self.form.get("Action", "")

    @property
    def form(self) -> dict[str, str]:
        """The fields of a request in the query protocol."""
        return dict(parse_qsl(self.query) + parse_qsl(self.body.decode(errors="replace")))

    @property
    def needs_body(self) -> bool:
        """Whether the body says what the request is; S3's and the registry's are contents."""
        if self.path.startswith(REGISTRY) or self.service == "s3":
            return False
        return self.principal is not None or self.service in ("sts", "iam")

    @property
    def accesses(self) -> list[Access]:
        """The actions that it needs. Raises UnknownOperation."""
        if self.path.startswith(REGISTRY):
            return registry_accesses(self.method, self.path)
        if self.service == "s3" or not self.service:
            return s3_accesses(self.method, self.path, parse_qs(self.query, keep_blank_values=True))
        try:
            parameters = json.loads(self.body) if self.body.startswith(b"{") else self.form
        except ValueError:
            parameters = {}
        return accesses(self.service, self.operation, parameters)


class Gatekeeper:
    """Decides, and remembers what each role has used: a trainee, and a test, can ask for it."""

    def __init__(self) -> None:
        self._used: Counter[tuple[str, str, str]] = Counter()

    def refusal(self, call: Call) -> Refusal | None:
        """Why a request is refused in AWS's words; None when its principal may have it."""
        principal = call.principal
        if principal is None or call.operation in ALWAYS_ALLOWED:
            return None
        code = CODES.get(call.service, "AccessDeniedException")
        try:
            context = common_context(call.headers.get(SOURCE_ARN, ""))
            for access in call.accesses:
                request = AccessRequest(
                    principal=principal,
                    action=access.action,
                    resource=access.resource,
                    context=context | access.context,
                )
                decision = self.decide(request)
                if not decision.is_allowed:
                    return Refusal(403, code, denial(request, decision))
        except (UnknownOperation, UnjudgedPolicy) as error:
            return Refusal(403, code, f"User: {principal.arn} is refused: {error}")
        return None

    def decide(self, request: AccessRequest) -> Decision:
        """Decide by the role's policies and the bucket's, and note it. Raises UnjudgedPolicy."""
        self._used[request.principal.name, request.action, request.resource] += 1
        kept = engine.role(request.principal.name) if request.principal.is_role else None
        policies = [_parsed(text) for text in kept[1]] if kept else []
        return evaluate(request, policies, _resource_policy(request.resource))

    def used(self) -> list[list[str]]:
        """Return role, action and resource of everything that roles have asked for."""
        return [list(entry) for entry in sorted(self._used)]

    def trust_refusal(self, call: Call) -> Refusal | None:
        """Why sts:AssumeRole is refused; None when the role's trust policy lets the caller in."""
        arn = call.form.get("RoleArn", "")
        kept = engine.role(arn.rpartition("/")[2])
        if kept is None:
            return Refusal(
                403, "AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {arn}"
            )
        caller = call.principal or Principal("arn:aws:iam::111122223333:root")
        request = AccessRequest(
            principal=caller,
            action="sts:AssumeRole",
            resource=arn,
            context=common_context(call.headers.get(SOURCE_ARN, "")),
        )
        try:
            decision = evaluate_trust(request, _parsed(kept[0]))
        except UnjudgedPolicy as error:
            return Refusal(403, "AccessDenied", f"User: {caller.arn} is refused: {error}")
        return None if decision.is_allowed else Refusal(403, "AccessDenied", denial(request, decision))

    def simulate(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer SimulatePrincipalPolicy for one action on one resource: the member of EvaluationResults."""
        session = form.get("CallerArn", "").rpartition("/")[2] or "simulation"
        name = form.get("PolicySourceArn", "").rpartition("/")[2]
        request = AccessRequest(
            principal=Principal(name, session),
            action=form.get("ActionNames.member.1", ""),
            resource=form.get("ResourceArns.member.1", "*"),
            context=common_context() | _context_entries(form),
        )
        missing, reason = "", ""
        try:
            decision = self.decide(request)
            reason = decision.reason
        except UnjudgedPolicy as error:
            decision, missing = Decision(False), error.key or str(error)
        verdict = "explicitDeny" if reason.startswith("with") else "implicitDeny"
        return {
            "EvalActionName": request.action,
            "EvalResourceName": request.resource,
            "EvalDecision": "allowed" if decision.is_allowed else verdict,
            "MissingContextValues": [missing] if missing else [],
        }


def session_for(call: Call) -> Principal:
    """The session that AssumeRole begins."""
    form = call.form
    return Principal(form["RoleArn"].rpartition("/")[2], form.get("RoleSessionName") or "session")


def registry_token(principal: Principal) -> str:
    """ECR's authorization token of a principal, which `docker login` takes as user and password."""
    return base64.b64encode(f"AWS:{principal.access_key_id}".encode()).decode()


def identity(principal: Principal) -> dict[str, str]:
    """What sts:GetCallerIdentity says of a role's session."""
    return {"Arn": principal.arn, "UserId": f"{role_arn(principal.name)}:{principal.session}"}


def _password(headers: Mapping[str, str]) -> str:
    try:
        login = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
    except ValueError:
        return ""
    return login.partition(":")[2]


def _context_entries(form: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    entries: dict[str, tuple[str, ...]] = {}
    for number in range(1, 51):
        prefix = f"ContextEntries.member.{number}."
        if name := form.get(f"{prefix}ContextKeyName"):
            values = (form.get(f"{prefix}ContextKeyValues.member.{place}") for place in range(1, 51))
            entries[name.lower()] = tuple(value for value in values if value is not None)
    return entries


def _resource_policy(resource: str) -> Mapping[str, Any] | None:
    if not resource.startswith("arn:aws:s3:::"):
        return None
    text = engine.bucket_policy(resource.removeprefix("arn:aws:s3:::").partition("/")[0])
    return _parsed(text) if text else None


@lru_cache(maxsize=256)
def _parsed(text: str) -> Mapping[str, Any]:
    policy: Mapping[str, Any] = json.loads(text)
    return policy
