"""The load balancer's access log: HAProxy's lines in, an Application Load Balancer's lines out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_LINE = re.compile(
    r"(?P<at>\d+\.\d+) (?P<listener>\S+) (?P<group>\S+) (?P<target>\S+) (?P<wait>-?\d+) (?P<response>-?\d+) "
    r"(?P<all>-?\d+) (?P<status>-?\d+) (?P<received>\d+) (?P<sent>\d+) (?P<end>\S+) (?P<client>\S+) "
    r'"(?P<trace>[^"]*)" "(?P<request>.*)"$'
)


@dataclass(frozen=True, slots=True)
class Access:
    """One request. Times in seconds; `answered` says whether the target itself gave the status."""

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
    agent: str = "-"


def parse(line: str) -> Access | None:
    """A line of HAProxy's; None for one that no target group got."""
    match = _LINE.search(line.strip())
    if not match or match["group"] == match["listener"] or match["group"].startswith("<"):
        return None
    return Access(
        at=float(match["at"]),
        listener=match["listener"],
        group=match["group"],
        target=match["target"] if not match["target"].startswith(("-", "<")) else "-",
        status=int(match["status"]),
        answered=int(match["response"]) >= 0,
        response_s=max(0, int(match["response"])) / 1000,
        received=int(match["received"]),
        sent=int(match["sent"]),
        client=match["client"],
        trace=match["trace"],
        request=match["request"],
    )


def as_alb(access: Access, balancer: str) -> str:
    """The line that the load balancer of this name would write.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    """
    at = datetime.fromtimestamp(access.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    taken = f"0.000 {access.response_s:.3f} 0.000" if access.answered else "-1 -1 -1"
    status = f"{access.status} {access.status if access.answered else '-'}"
    return (
        f"http {at} {balancer} {access.client} {access.target} {taken} {status} "
        f'{access.received} {access.sent} "{access.request}" "-" - - {access.group} "{access.trace}"'
    )
