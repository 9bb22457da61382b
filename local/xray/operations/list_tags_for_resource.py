"""ListTagsForResource."""

from typing import Any

from local.xray.backend import Backend


def answer(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """All tags of a group or a sampling rule on one page."""
    return {"Tags": backend.tagging.tags(request["ResourceARN"])}
