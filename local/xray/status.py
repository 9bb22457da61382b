"""The status of a segment, subsegment or call: ok, error, fault or throttle.

A document may carry several of the flags `error`, `fault` and `throttle`; it counts once, by the first flag
of STATUS_PRECEDENCE that is set.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-errors
"""

from local.xray.segments import Document

STATUS_PRECEDENCE = ("throttle", "fault", "error")
STATUSES = ("ok", "error", "fault", "throttle")  # an index into it is what the store keeps
PENDING = len(STATUSES)  # stands in place of such an index while the entity is in progress


def status_of(entity: Document) -> str:
    """The status of a segment or subsegment: one of STATUSES."""
    return next((flag for flag in STATUS_PRECEDENCE if entity.get(flag) is True), "ok")
