"""Traces as the fingerprints read them: segments with their subsegments, and who called whom."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

SHORT_S = 0.05  # the longest pause between calls that follow each other at once


@dataclass(frozen=True)
class Step:
    """A segment or subsegment; `service` is the name of its segment."""

    trace_id: str
    service: str
    document: Mapping[str, Any] = field(repr=False)

    @property
    def start(self) -> float:
        """When it began, epoch seconds."""
        return float(self.document["start_time"])

    @property
    def end(self) -> float:
        """When it ended; its beginning while it is in progress."""
        return float(self.document.get("end_time", self.start))

    @property
    def duration_s(self) -> float:
        """How long it took."""
        return self.end - self.start

    @cached_property
    def children(self) -> list["Step"]:
        """Its subsegments in the order of their beginnings."""
        steps = [Step(self.trace_id, self.service, entry) for entry in self.document.get("subsegments", ())]
        return sorted(steps, key=lambda step: step.start)

    @cached_property
    def calls(self) -> list["Step"]:
        """The calls to other services below it, in the order of their beginnings."""
        below = [call for child in self.children for call in child.calls]
        direct = [child for child in self.children if child.document.get("namespace") == "remote"]
        return sorted([*direct, *below], key=lambda step: step.start)

    @cached_property
    def aws_calls(self) -> list["Step"]:
        """The calls to AWS below it."""
        below = [call for child in self.children for call in child.aws_calls]
        return [child for child in self.children if child.document.get("namespace") == "aws"] + below

    @property
    def self_s(self) -> float:
        """Its time in which no subsegment was in progress."""
        busy_s, reached = 0.0, self.start
        for child in self.children:
            busy_s += max(0.0, child.end - max(child.start, reached))
            reached = max(reached, child.end)
        return self.duration_s - busy_s

    @property
    def is_fault(self) -> bool:
        """Whether it has the flag of a fault: a 5xx or an exception."""
        return bool(self.document.get("fault"))

    @property
    def url(self) -> str:
        """The address of its request."""
        return str(self.document.get("http", {}).get("request", {}).get("url", ""))

    @property
    def target(self) -> str:
        """Method and address of its request."""
        return f"{self.document.get('http', {}).get('request', {}).get('method', '')} {self.url}"

    @property
    def status(self) -> int:
        """The status of the answer, 0 without any."""
        return int(self.document.get("http", {}).get("response", {}).get("status", 0))

    @property
    def annotations(self) -> Mapping[str, Any]:
        """Its annotations."""
        annotations: Mapping[str, Any] = self.document.get("annotations", {})
        return annotations

    @property
    def exceptions(self) -> list[Mapping[str, Any]]:
        """The exceptions that it recorded."""
        cause = self.document.get("cause")
        return list(cause.get("exceptions", ())) if isinstance(cause, Mapping) else []


@dataclass(frozen=True)
class Traces:
    """The segments of all traces that were looked at."""

    segments: list[Step]

    @classmethod
    def of(cls, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> "Traces":
        """Of (trace id, segment document) pairs; what X-Ray inferred itself is left out."""
        return cls(
            [
                Step(trace_id, document["name"], document)
                for trace_id, document in documents
                if not document.get("inferred")
            ]
        )

    @cached_property
    def by_service(self) -> dict[str, list[Step]]:
        """The segments of each service."""
        services: dict[str, list[Step]] = {}
        for segment in self.segments:
            services.setdefault(segment.service, []).append(segment)
        return services

    @cached_property
    def _by_parent(self) -> dict[str, Step]:
        return {
            segment.document["parent_id"]: segment
            for segment in self.segments
            if "parent_id" in segment.document
        }

    def callee(self, call: Step) -> Step | None:
        """The segment that the called service sent about this call."""
        return self._by_parent.get(call.document["id"])

    def calls(self) -> Iterator[tuple[Step, Step | None]]:
        """Every call from service to service, with the called one's segment."""
        for segment in self.segments:
            for call in segment.calls:
                yield call, self.callee(call)
