"""Trace ids in every spelling that a user may paste.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids
https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re

XRAY = re.compile(r"1-?([0-9a-f]{8})-([0-9a-f]{24})", re.IGNORECASE)
W3C = re.compile(r"([0-9a-f]{8})([0-9a-f]{24})", re.IGNORECASE)
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-[0-9a-f]{16}-[0-9a-f]{2}", re.IGNORECASE)


def trace_id_of(text: str) -> str | None:
    """Return the id in X-Ray's form (1-5759e988-bd862e3fe1be46a994272793), or None when `text` is none.

    `text` may be that form, an X-Amzn-Trace-Id header, a W3C trace id of 32 hexadecimal digits, or a
    `traceparent` header.
    """
    words = text.strip()
    root = re.search(r"(?:^|;)\s*Root=([^;\s]+)", words)
    words = root[1] if root else words
    match = XRAY.fullmatch(words) or W3C.fullmatch(words) or TRACEPARENT.fullmatch(words)
    return f"1-{match[1]}-{match[2]}".lower() if match else None
