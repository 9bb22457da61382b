"""The load balancers' access log: parses HAProxy's lines and writes those of an Application Load Balancer.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from local.pipeline.architecture import full_name
from local.pipeline.identifiers import arn

# HAProxy's log format. What a client chose is quoted and escaped, or it could write lines of its own.
# `txn.at` is set when the request comes; HAProxy's %Ts would be when the connection's earlier request ended.
# The request line comes last, because a line that is too long is cut.
FORMAT = (
    "%[var(txn.at)] %f %b %si:%sp %Tw %Tr %Ta %ST %U %B %ci:%cp "
    "%{+Q,+E}[var(txn.trace)] %{+Q,+E}[var(txn.host)] %{+Q,+E}[var(txn.agent)] %{+Q}r"
)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"(?P<at>\d+) (?P<listener>\S+) (?P<group>\S+) (?P<target>\S+) (?P<wait>-?\d+) (?P<response>-?\d+) "
    r"(?P<total>-?\d+) (?P<status>-?\d+) (?P<received>\d+) (?P<sent>\d+) (?P<client>\S+) "
    rf'{_QUOTED} {_QUOTED} {_QUOTED} "(?P<request>[^"]*)"?$'
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request. Durations are in seconds, sizes in bytes."""

    at: float  # epoch seconds of its arrival
    listener: str
    target_group: str
    target: str  # address and port, or "-"
    status: int
    answered: bool  # whether the target gave the status, not the load balancer
    response_s: float
    received: int
    sent: int
    client: str
    trace: str  # the header X-Amzn-Trace-Id
    request: str  # the request line
    host: str = ""
    agent: str = ""
    total_s: float = 0.0


def parse_line(line: str) -> LogEntry | None:
    """Parse a line of HAProxy's. Returns None for a request that reached no target group."""
    match = _LINE.search(line.strip())
    if not match or match["group"] == match["listener"] or match["group"].startswith("<"):
        return None
    trace, host, agent = (re.sub(r"\\(.)", r"\1", match[number]) for number in (12, 13, 14))
    return LogEntry(
        at=int(match["at"]) / 1000,
        listener=match["listener"],
        target_group=match["group"],
        target=match["target"] if not match["target"].startswith(("-", "<")) else "-",
        status=int(match["status"]),
        answered=int(match["response"]) >= 0,
        response_s=max(0, int(match["response"])) / 1000,
        received=int(match["received"]),
        sent=int(match["sent"]),
        client=match["client"],
        trace=trace,
        request=match["request"],
        host=host,
        agent=agent,
        total_s=max(0, int(match["total"]), int(match["response"])) / 1000,
    )


def alb_line(entry: LogEntry, balancer: str) -> str:
    """Return the line that the load balancer with this full name would write, its fields in AWS's order."""
    target_status = str(entry.status) if entry.answered else "-"
    fields = [
        "http",
        _time(entry.at + entry.total_s),
        balancer,
        entry.client,
        entry.target,
        f"0.000 {entry.response_s:.3f} 0.000" if entry.answered else "-1 -1 -1",
        f"{entry.status} {target_status}",
        f"{entry.received} {entry.sent}",
        _quoted(_request_line(entry)),
        _quoted(entry.agent),
        "- -",  # no TLS
        arn("elasticloadbalancing", full_name("targetgroup", entry.target_group)),
        _quoted(entry.trace),
        '"-" "-" 0',  # no server name, no certificate, the default rule
        _time(entry.at),
        '"forward" "-" "-"',
        _quoted(entry.target),
        _quoted(target_status),
        '"-" "-" -',
    ]
    return " ".join(fields)


def _request_line(entry: LogEntry) -> str:
    """The request line with an absolute URL, as AWS writes it."""
    method, _, target = entry.request.partition(" ")
    if not target.startswith("/"):
        return entry.request
    host = entry.host if re.search(r":\d+$", entry.host) else f"{entry.host or '-'}:80"
    return f"{method} http://{host}{target}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _quoted(text: str) -> str:
    """In quotes; a character that would end the field or the line is written as \\x and its code."""
    safe = "".join(
        letter if " " <= letter <= "~" and letter not in '"\\' else f"\\x{ord(letter):02x}" for letter in text
    )
    return f'"{safe or "-"}"'
