"""The status of a call and of many calls: throttle, fault, error or ok, as X-Ray's API names them.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-errors
"""

from collections.abc import Mapping
from typing import Any

# X-Ray counts a call once: a call that is throttled and has an error (HTTP 429) counts as throttled
PRECEDENCE = ("throttle", "fault", "error", "ok")
# how bad it is for the user: the order of a ring's parts, and which of many statuses colours an edge
WORST_FIRST = ("fault", "throttle", "error", "ok")


def status_of(flags: Mapping[str, Any]) -> str:
    """Return the status of one call from its flags `throttle`, `fault` and `error`; "ok" when none is set."""
    return next((status for status in PRECEDENCE if flags.get(status)), "ok")
