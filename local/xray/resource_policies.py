"""Resource policies. They are stored and not enforced: the laptop has one user."""

import json
import time
from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.configuration import Configuration
from local.xray.errors import (
    InvalidPolicyRevisionIdException,
    MalformedPolicyDocumentException,
    PolicyCountLimitExceededException,
    PolicySizeLimitExceededException,
)

KIND = "policy"
MAX_POLICIES, MAX_BYTES = 5, 5 * 1024


def put(configuration: Configuration, request: dict[str, Any]) -> dict[str, Any]:
    """Set a policy. With a PolicyRevisionId only if the stored policy has that revision ("0": if there is
    none).

    Raises the four policy errors of local.xray.errors.
    """
    name, document = request["PolicyName"], request["PolicyDocument"]
    policies = configuration.all(KIND)
    if request.get("PolicyRevisionId") not in (None, _revision(policies.get(name))):
        raise InvalidPolicyRevisionIdException(
            f"Another concurrent request has modified the resource policy {name}"
        )
    if len(document.encode()) > MAX_BYTES:
        raise PolicySizeLimitExceededException(f"A policy can have {MAX_BYTES} bytes")
    try:
        is_object = isinstance(json.loads(document), dict)
    except json.JSONDecodeError as error:
        raise MalformedPolicyDocumentException(f"The policy is not JSON: {error}") from None
    if not is_object:
        raise MalformedPolicyDocumentException("The policy must be a JSON object")
    if name not in policies and len(policies) >= MAX_POLICIES:
        raise PolicyCountLimitExceededException(f"There can be {MAX_POLICIES} policies")
    policy = {
        "PolicyName": name,
        "PolicyDocument": document,
        "PolicyRevisionId": str(int(_revision(policies.get(name))) + 1),
        "LastUpdatedTime": time.time(),
    }
    configuration.put(KIND, name, policy)
    return policy


def delete(configuration: Configuration, request: dict[str, Any]) -> None:
    """Delete a policy. Raises InvalidRequestException and InvalidPolicyRevisionIdException."""
    name = request["PolicyName"]
    policy = configuration.get(KIND, name)
    if request.get("PolicyRevisionId") not in (None, _revision(policy)):
        raise InvalidPolicyRevisionIdException(
            f"Another concurrent request has modified or deleted the resource policy {name}"
        )
    if policy is None:
        raise InvalidRequestException(f"The resource policy {name} does not exist.")
    configuration.delete(KIND, name)


def _revision(policy: dict[str, Any] | None) -> str:
    return policy["PolicyRevisionId"] if policy else "0"
