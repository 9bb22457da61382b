"""The two headers that carry a trace from service to service: X-Ray's and W3C's.

Both are read and both are sent, so that services which are traced in different ways make one trace.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
https://www.w3.org/TR/trace-context/#traceparent-header
"""

import os
import re
import time
from dataclasses import dataclass
from typing import Protocol

XRAY, W3C = "X-Amzn-Trace-Id", "traceparent"
XRAY_ENVIRON, W3C_ENVIRON = "HTTP_X_AMZN_TRACE_ID", "HTTP_TRACEPARENT"
_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})\s*(?:;|$)")
_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})\s*(?:;|$)")
_SAMPLED = re.compile(r"(?:^|;)\s*Sampled=([01?])\s*(?:;|$)")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)


class Headers(Protocol):
    """The headers of a request."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header."""


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """What a caller says: trace id in X-Ray's form, the call's id, and its decision, each None without one.

    `asks` says that the caller wants to be told whether the request is sampled.
    """

    root: str | None = None
    parent: str | None = None
    is_sampled: bool | None = None
    asks: bool = False

    def __str__(self) -> str:
        """As the value of X-Amzn-Trace-Id."""
        sampled = None if self.is_sampled is None else int(self.is_sampled)
        fields = {"Root": self.root, "Parent": self.parent, "Sampled": "?" if self.asks else sampled}
        return ";".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def read(headers: Headers) -> TraceHeader:
    """What the headers of a request say. Malformed ones are ignored.

    X-Ray's wins if it names a parent. A load balancer on AWS adds one that doesn't to each request.
    """
    xray, w3c = _read_xray(headers.get(XRAY, "")), _read_w3c(headers.get(W3C, ""))
    return xray if xray.parent or not w3c.root else w3c


def traceparent(root: str, parent: str, *, is_sampled: bool) -> str:
    """The value of W3C's header."""
    return f"00-{root.replace('-', '')[1:]}-{parent}-{int(is_sampled):02x}"


def new_trace_id() -> str:
    """A trace id in X-Ray's form."""
    return f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"


def _read_xray(header: str) -> TraceHeader:
    root, parent, sampled = _ROOT.search(header), _PARENT.search(header), _SAMPLED.search(header)
    if ("Root=" in header and not root) or ("Parent=" in header and not parent):
        return TraceHeader()
    decision = sampled[1] if sampled else ""
    return TraceHeader(
        root[1] if root else None,
        parent[1] if root and parent else None,
        {"0": False, "1": True}.get(decision),
        decision == "?",
    )


def _read_w3c(header: str) -> TraceHeader:
    match = _TRACEPARENT.fullmatch(header.strip())
    if not match or not int(match[1] + match[2], 16) or not int(match[3], 16):
        return TraceHeader()
    return TraceHeader(f"1-{match[1]}-{match[2]}", match[3], bool(int(match[4], 16) & 1))
