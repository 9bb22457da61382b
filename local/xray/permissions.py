"""Whether the role that signed a request may have it: the local AWS's IAM is asked, its answer kept a while.

A task's X-Ray daemon signs with the task role. Requests of a person, and those without signature, all pass.
"""

import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping

from local.awsapi.account import REGION
from local.awsapi.signatures import signing_key
from local.iam.principals import Principal, principal_of

KEPT_S = 5.0
TIMEOUT_S = 2.0
SIGNED = (
    f"AWS4-HMAC-SHA256 Credential=laptop/20260101/{REGION}/iam/aws4_request, "
    "SignedHeaders=host, Signature=none"
)
DECISION = re.compile(r"<EvalDecision>(\w+)</EvalDecision>")


class Permissions:
    """Asks the local AWS at an address; without one nobody is asked about. Threads may share it."""

    def __init__(self, aws: str) -> None:
        self._aws = aws
        self._answers: dict[tuple[Principal, str], tuple[float, str]] = {}

    def denial(self, headers: Mapping[str, str], operation: str) -> str:
        """Why the request's role may not have an operation, or "". `headers` has lower-case names."""
        principal = principal_of(signing_key(headers))
        if principal is None or not self._aws:
            return ""
        known, now = self._answers.get((principal, operation)), time.monotonic()
        if known and now - known[0] < KEPT_S:
            return known[1]
        answer = self._ask(principal, f"xray:{operation}")
        if len(self._answers) > 1000:  # of tasks that have gone
            self._answers.clear()
        self._answers[principal, operation] = now, answer
        return answer

    def _ask(self, principal: Principal, action: str) -> str:
        """X-Ray knows no resources for what tasks ask of it."""
        form = {
            "Action": "SimulatePrincipalPolicy",
            "Version": "2010-05-08",
            "PolicySourceArn": principal.role_arn,
            "CallerArn": principal.arn,
            "ActionNames.member.1": action,
            "ResourceArns.member.1": "*",
        }
        request = urllib.request.Request(  # noqa: S310  the address is a setting
            self._aws,
            urllib.parse.urlencode(form).encode(),
            {"Authorization": SIGNED, "Content-Type": "application/x-www-form-urlencoded"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                match = DECISION.search(response.read().decode())
        except OSError as error:
            return (
                f"User: {principal.arn} is refused {action}: the local AWS, which keeps roles, says {error}"
            )
        if match and match[1] == "allowed":
            return ""
        return (
            f"User: {principal.arn} is not authorized to perform: {action} on resource: * "
            f"because no identity-based policy allows the {action} action"
        )
