"""Resource policies. The laptop stores them and enforces none: there is one user."""

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
    """Set a policy; with a PolicyRevisionId only when nobody changed it meanwhile."""
    name, document = request["PolicyName"], request["PolicyDocument"]
    known = configuration.all(KIND)
    _check_revision(known.get(name), request.get("PolicyRevisionId"))
    if len(document.encode()) > MAX_BYTES:
        raise PolicySizeLimitExceededException(f"A policy can have {MAX_BYTES} bytes")
    try:
        is_object = isinstance(json.loads(document), dict)
    except json.JSONDecodeError as error:
        raise MalformedPolicyDocumentException(f"The policy is not JSON: {error}") from None
    if not is_object:
        raise MalformedPolicyDocumentException("The policy must be a JSON object")
    if name not in known and len(known) >= MAX_POLICIES:
        raise PolicyCountLimitExceededException(f"There can be {MAX_POLICIES} policies")
    revision = int((known.get(name) or {}).get("PolicyRevisionId", 0)) + 1
    policy = {
        "PolicyName": name,
        "PolicyDocument": document,
        "PolicyRevisionId": str(revision),
        "LastUpdatedTime": time.time(),
    }
    configuration.put(KIND, name, policy)
    return policy


def delete(configuration: Configuration, request: dict[str, Any]) -> None:
    """Remove a policy."""
    policy = configuration.get(KIND, request["PolicyName"])
    if policy is None:
        raise InvalidRequestException(f"There is no policy {request['PolicyName']}")
    _check_revision(policy, request.get("PolicyRevisionId"))
    configuration.delete(KIND, request["PolicyName"])


def _check_revision(policy: dict[str, Any] | None, expected: str | None) -> None:
    current = policy["PolicyRevisionId"] if policy else "0"
    if expected is not None and expected != current:
        raise InvalidPolicyRevisionIdException(f"The policy has revision {current}, not {expected}")
