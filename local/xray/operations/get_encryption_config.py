"""GetEncryptionConfig."""

from typing import Any

from local.xray.backend import Backend

NONE = {"Type": "NONE", "Status": "ACTIVE", "KeyId": None}


def answer(_request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """What was set; nothing is encrypted on a laptop."""
    return {"EncryptionConfig": backend.configuration.get("encryption", "config") or NONE}
