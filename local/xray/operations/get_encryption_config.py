"""GetEncryptionConfig."""

from typing import Any

from local.xray.backend import Backend

NOT_ENCRYPTED = {"Type": "NONE", "Status": "ACTIVE", "KeyId": None}


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The configuration that was put last. Nothing is encrypted on a laptop."""
    return {"EncryptionConfig": backend.configuration.get("encryption", "config") or NOT_ENCRYPTED}
