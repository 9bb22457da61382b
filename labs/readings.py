"""What several labs read out of traces and answers."""

import re
from collections.abc import Iterable

from labs.lab import Result, done, wrong
from labs.segments import Segment
from labs.workspace import Workspace
from local.diagnosis.traces import Traces

SERVICES = ("storefront", "catalog", "orders")
SLOW_S = 0.7  # of a service's own work
TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


def words_of(value: str) -> set[str]:
    """The words of an answer such as `catalog, orders`, in small letters."""
    return {word for word in re.split(r"[\s,;+&]+|\band\b", value.lower()) if word}


def same_word(value: str, expected: str, kind: str, look: str, link: str = "") -> Result:
    """Judge an answer that is one word; `kind` says what is expected, not which."""
    if value.strip().lower() == expected.lower():
        return done(expected)
    return wrong(kind, value, look, link)


def same_number(
    value: str, expected: float, tolerance: float, kind: str, look: str, link: str = ""
) -> Result:
    """Judge an answer that is a number, as exact as a person reads it."""
    match = re.fullmatch(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*[a-z%]*\s*", value.lower())
    if not match:
        return wrong(f"a number: {kind}", value, look, link)
    if abs(float(match[1].replace(",", ".")) - expected) <= tolerance:
        return done(value.strip())
    return wrong(kind, value.strip(), look, link)


def trace_of(work: Workspace, value: str) -> Traces | Result:
    """The trace that an answer names by its id, or what is wrong with the answer."""
    match = TRACE_ID.search(value)
    look = work.page("traces", range="15m")
    if not match:
        return wrong(
            "a trace id such as 1-67890abc-0123456789abcdef01234567", value, "the console's Traces", look
        )
    trace = work.trace(match[0])
    if not trace.segments:
        return wrong(
            "the id of a trace that X-Ray has", f"{match[0]}, which it has not", "the console's Traces", look
        )
    if min(segment.start for segment in trace.segments) < work.attempt.began:
        return wrong(
            "a trace of this attempt", f"{match[0]}, which is older than it", "the console's Traces", look
        )
    return trace


def slow_itself(segments: Iterable[Segment]) -> list[Segment]:
    """The segments that take long by their service's own work."""
    return [segment for segment in segments if segment.self_s >= SLOW_S]


def callees(work: Workspace, service: str) -> set[str]:
    """The services that a service calls, as its traces show."""
    return {
        callee.service
        for call, callee in work.traces().calls()
        if call.service == service and callee is not None
    }
