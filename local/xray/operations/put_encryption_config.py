"""PutEncryptionConfig."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Remember it; AWS says UPDATING until it is done, and so does this answer."""
    kind, key = request["Type"], request.get("KeyId")
    if kind == "KMS" and not key:
        raise InvalidRequestException("KeyId is required for the type KMS")
    if kind == "NONE" and key:
        raise InvalidRequestException("KeyId is not allowed for the type NONE")
    config = {"Type": kind, "Status": "ACTIVE", "KeyId": key}
    backend.configuration.put("encryption", "config", config)
    return {"EncryptionConfig": config | {"Status": "UPDATING"}}
