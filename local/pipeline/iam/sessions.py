"""Assumes roles as AWS's services do, and asks IAM whether a role may do what a stand-in does here."""

import json
import threading
from collections.abc import Iterable
from typing import Any

import botocore.exceptions

from local.iam.operations import Access
from local.iam.policies import AccessRequest, Decision, denial
from local.iam.principals import Principal, role_arn
from local.pipeline.coded_error import CodedError
from local.pipeline.iam.roles import Policies
from local.pipeline.local_aws import LocalAws

NEW_POLICY = {"EntityAlreadyExists", "EntityAlreadyExistsException"}


class AccessDenied(CodedError):
    """A role may not do it; the message is AWS's sentence."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDenied", message)


class Sessions:
    """Sessions of the templates' roles, which the local AWS's IAM keeps. Threads may share it."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self._by_key: dict[str, LocalAws] = {}
        self._services: dict[tuple[str, str], LocalAws] = {}
        self._lock = threading.Lock()

    def provide(self, policies: Policies) -> None:
        """Make IAM's roles and the buckets' policies those of the templates."""
        iam, s3 = self._aws.client("iam"), self._aws.client("s3")
        for role in policies.roles.values():
            try:
                iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=_json(role.trust))
            except botocore.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in NEW_POLICY:
                    raise
                iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=_json(role.trust))
            for name in iam.list_role_policies(RoleName=role.name)["PolicyNames"]:
                if name not in role.policies:
                    iam.delete_role_policy(RoleName=role.name, PolicyName=name)
            for name, document in role.policies.items():
                iam.put_role_policy(RoleName=role.name, PolicyName=name, PolicyDocument=_json(document))
        existing = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for arn, document in policies.resources.items():
            if (bucket := arn.removeprefix("arn:aws:s3:::")) in existing:
                s3.put_bucket_policy(Bucket=bucket, Policy=_json(document))

    def acting(self, service: str, role: str, session: str, source_arn: str = "") -> LocalAws:
        """Assume a role, given by its ARN, as a service such as `codebuild`; return the local AWS for it.

        Raises botocore's ClientError when the role does not trust the service.
        """
        answer = (
            self._service(f"{service}.amazonaws.com", source_arn)
            .client("sts")
            .assume_role(RoleArn=role, RoleSessionName=session)
        )
        key = answer["Credentials"]["AccessKeyId"]
        with self._lock:
            return self._by_key.setdefault(key, self._aws.signing_as(key))

    def require(self, role: str, session: str, accesses: Iterable[Access]) -> None:
        """Raise AccessDenied unless the role, given by its ARN, may have all of this."""
        principal = Principal(role.rpartition("/")[2], session)
        for access in accesses:
            result = self._simulate(principal, access)
            if result["EvalDecision"] != "allowed":
                raise AccessDenied(_sentence(principal, access, result))

    def _simulate(self, principal: Principal, access: Access) -> dict[str, Any]:
        answer = self._aws.client("iam").simulate_principal_policy(
            PolicySourceArn=role_arn(principal.name),
            CallerArn=principal.arn,
            ActionNames=[access.action],
            ResourceArns=[access.resource],
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": "stringList"}
                for key, values in access.context.items()
            ],
        )
        result: dict[str, Any] = answer["EvaluationResults"][0]
        return result

    def _service(self, principal: str, source_arn: str) -> LocalAws:
        with self._lock:
            if (principal, source_arn) not in self._services:
                self._services[principal, source_arn] = self._aws.signing_as(principal, source_arn)
            return self._services[principal, source_arn]


def _sentence(principal: Principal, access: Access, result: dict[str, Any]) -> str:
    if missing := result.get("MissingContextValues"):
        return f"User: {principal.arn} is refused {access.action}: can't judge the condition {missing[0]}"
    is_denied = result["EvalDecision"] == "explicitDeny"
    reason = (
        "with an explicit deny in an identity-based policy"
        if is_denied
        else f"because no identity-based policy allows the {access.action} action"
    )
    request = AccessRequest(principal=principal, action=access.action, resource=access.resource)
    return denial(request, Decision(False, reason))


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document)
