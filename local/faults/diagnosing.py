"""`make diagnose` and `make fault GUESS=…`: which fault fits what X-Ray and CloudWatch answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.awsapi.account import REGION
from local.diagnosis.evidence import Evidence, collect
from local.diagnosis.fingerprints import FINGERPRINTS, Finding, diagnose
from local.faults.bearers import Bearers
from local.faults.errors import NotThere, Refused
from local.stack.site import Site

CONFIG = Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2})


@dataclass(frozen=True, slots=True)
class View:
    """Clients of X-Ray and CloudWatch Logs, and where a person looks at a trace."""

    xray: Any
    logs: Any
    trace_url: Callable[[str], str]


def laptop(site: Site) -> View:
    """The stand-ins of the running shop."""
    keys = {"region_name": REGION, "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
    session = boto3.Session(**keys)
    return View(
        session.client("xray", endpoint_url=site.address("xray"), config=CONFIG),
        session.client("logs", endpoint_url=site.address("aws"), config=CONFIG),
        lambda trace_id: f"{site.address('console')}/traces/{trace_id}",
    )


def account() -> View:
    """The account of boto3's own credentials. Raises NotThere."""
    try:
        xray, logs = boto3.client("xray", config=CONFIG), boto3.client("logs", config=CONFIG)
    except BotoCoreError as error:
        raise NotThere(f"The account cannot be asked: {error}") from error
    page = f"https://{xray.meta.region_name}.console.aws.amazon.com/cloudwatch/home#xray:traces/"
    return View(xray, logs, lambda trace_id: page + trace_id)


def look(view: View, since_s: float) -> Evidence:
    """The evidence of the last `since_s` seconds. Raises NotThere."""
    now = time.time()
    try:
        evidence = collect(view.xray, view.logs, now - since_s, now)
    except (BotoCoreError, ClientError) as error:
        raise NotThere(f"X-Ray or CloudWatch Logs does not answer: {error}") from error
    if not evidence.traces.segments:
        raise NotThere(
            f"There is no trace of the last {since_s:.0f} s to look at: make traffic sends shoppers"
        )
    return evidence


def tell(view: View, since_s: float) -> tuple[bool, list[str]]:
    """Whether nothing is wrong, and which faults show, with their evidence. Raises NotThere."""
    evidence = look(view, since_s)
    findings = diagnose(evidence)
    if not findings:
        count = len({segment.trace_id for segment in evidence.traces.segments})
        return True, [f"Nothing is wrong in {count} traces of the last {since_s:.0f} s."]
    return False, [line for name, finding in findings.items() for line in _described(view, name, finding)]


def guess(bearers: Bearers, view: View, name: str, since_s: float) -> tuple[bool, list[str]]:
    """Whether `name` is the fault that is on under a neutral name, and what shows of it. Raises Refused."""
    if name not in bearers.offers():
        raise Refused(f"GUESS={name}: expected one of {', '.join(bearers.offers())}")
    mysteries = {fault.name for fault in bearers.active() if fault.shown_as != fault.name}
    if not mysteries:
        raise Refused("GUESS: there is nothing to guess; make fault NAME=mystery SEED=7 begins")
    is_right = name in mysteries
    verdict = f"{'Right' if is_right else 'Wrong'}: it is {'' if is_right else 'not '}{name}."
    finding = FINGERPRINTS[name](look(view, since_s))
    shows = (
        _described(view, name, finding)
        if finding
        else [f"Of {name} nothing shows in the last {since_s:.0f} s."]
    )
    return is_right, [verdict, *shows]


def _described(view: View, name: str, finding: Finding) -> list[str]:
    return [
        f"{name}: {finding.text}.",
        f"  its mark: {(FINGERPRINTS[name].__doc__ or '').splitlines()[0]}",
        *(f"  {view.trace_url(trace_id)}" for trace_id in finding.trace_ids),
    ]
