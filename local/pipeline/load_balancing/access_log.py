"""The load balancer's access log: HAProxy's lines in, an Application Load Balancer's lines out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from local.pipeline.architecture import full_name
from local.pipeline.identifiers import arn

# What a client chose is quoted and escaped, or it could write lines of its own. The time is the request's:
# HAProxy's %Ts would be that of the end of the connection's request before. The request line comes last,
# as one that is too long is cut.
FORMAT = (
    "%[var(txn.at)] %f %b %si:%sp %Tw %Tr %Ta %ST %U %B %ci:%cp "
    "%{+Q,+E}[var(txn.trace)] %{+Q,+E}[var(txn.host)] %{+Q,+E}[var(txn.agent)] %{+Q}r"
)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"(?P<at>\d+) (?P<listener>\S+) (?P<group>\S+) (?P<target>\S+) (?P<wait>-?\d+) (?P<response>-?\d+) "
    r"(?P<all>-?\d+) (?P<status>-?\d+) (?P<received>\d+) (?P<sent>\d+) (?P<client>\S+) "
    rf'{_QUOTED} {_QUOTED} {_QUOTED} "(?P<request>[^"]*)"?$'
)


@dataclass(frozen=True, slots=True)
class Access:
    """One request, `at` when it came. Times in seconds; `answered` says whether the target itself gave the
    status."""

    at: float
    listener: str
    group: str
    target: str
    status: int
    answered: bool
    response_s: float
    received: int
    sent: int
    client: str
    trace: str
    request: str
    host: str = ""
    agent: str = ""
    took_s: float = 0.0


def parse(line: str) -> Access | None:
    """A line of HAProxy's; None for one that no target group got."""
    match = _LINE.search(line.strip())
    if not match or match["group"] == match["listener"] or match["group"].startswith("<"):
        return None
    trace, host, agent = (re.sub(r"\\(.)", r"\1", match[number]) for number in (12, 13, 14))
    return Access(
        at=int(match["at"]) / 1000,
        listener=match["listener"],
        group=match["group"],
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
        took_s=max(0, int(match["all"]), int(match["response"])) / 1000,
    )


def as_alb(access: Access, balancer: str) -> str:
    """The line that the load balancer of this name would write, its fields in AWS's order.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    """
    status = str(access.status) if access.answered else "-"
    fields = [
        "http",
        _time(access.at + access.took_s),
        balancer,
        access.client,
        access.target,
        f"0.000 {access.response_s:.3f} 0.000" if access.answered else "-1 -1 -1",
        f"{access.status} {status}",
        f"{access.received} {access.sent}",
        _quoted(_request(access)),
        _quoted(access.agent),
        "- -",  # no TLS
        arn("elasticloadbalancing", full_name("targetgroup", access.group)),
        _quoted(access.trace),
        '"-" "-" 0',  # no server name, no certificate, the default rule
        _time(access.at),
        '"forward" "-" "-"',
        _quoted(access.target),
        _quoted(status),
        '"-" "-" -',
    ]
    return " ".join(fields)


def _request(access: Access) -> str:
    """The request line with a whole address, as AWS shows it."""
    method, _, rest = access.request.partition(" ")
    if not rest.startswith("/"):
        return access.request
    host = access.host if re.search(r":\d+$", access.host) else f"{access.host or '-'}:80"
    return f"{method} http://{host}{rest}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _quoted(text: str) -> str:
    """In quotes, with what would end them, or the line, as the byte that it is."""
    safe = "".join(one if " " <= one <= "~" and one not in '"\\' else f"\\x{ord(one):02x}" for one in text)
    return f'"{safe or "-"}"'
