"""PutEncryptionConfig: stored, but nothing is encrypted on a laptop."""

from typing import Any

from local.awsapi.errors import InvalidRequestException
from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The new configuration with the status UPDATING, as AWS answers until it has taken effect."""
    kind, key_id = request["Type"], request.get("KeyId")
    if kind == "KMS" and not key_id:
        raise InvalidRequestException("KeyId is required for the type KMS")
    if kind == "NONE" and key_id:
        raise InvalidRequestException("KeyId is not allowed for the type NONE")
    config = {"Type": kind, "Status": "ACTIVE", "KeyId": key_id}
    backend.configuration.put("encryption", "config", config)
    return {"EncryptionConfig": config | {"Status": "UPDATING"}}
