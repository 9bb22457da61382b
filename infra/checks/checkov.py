"""checkov over the committed templates, and its findings that are accepted."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# checkov's findings that stay, each with the resources (as checkov writes them) that have it, and why
HTTP = "A trainee has no domain: CertificateArn turns HTTPS with TLS 1.2 on; the rest is inside the VPC"
OWN_KEY = "AWS's own key encrypts it already; a key of one's own costs 1 USD a month and adds no lesson"
DORA = {"*Function.Collect", "*Function.Compute"}
ACCEPTED: dict[str, tuple[set[str], str]] = {
    "CKV_AWS_2": ({"*ProductionListener", "*TestListener"}, HTTP),
    "CKV_AWS_103": ({"*ProductionListener", "*TestListener"}, HTTP),
    "CKV_AWS_260": (
        {"*CustomersToPublicLoadBalancer80"},
        "The shop's front door, until it has a certificate",
    ),
    "CKV_AWS_27": (
        {"*Queue.Queue", "*Queue.DeadLetters"},
        "SQS's own keys encrypt them (SqsManagedSseEnabled); EventBridge can't write with AWS's key in KMS",
    ),
    "CKV_AWS_26": (
        {"*Topic"},
        "Alarms and events can't publish to a topic with SNS's own key, and a message says only what failed",
    ),
    "CKV_AWS_119": ({"*Products", "*Orders", "*Table.Table"}, OWN_KEY),
    "CKV_AWS_136": ({"*Repository"}, OWN_KEY),
    "CKV_AWS_158": ({"*LogGroup"}, OWN_KEY),
    "CKV_AWS_173": ({"*SmokeHookFunction", *DORA}, f"{OWN_KEY}; the variables hold names and addresses"),
    "CKV_AWS_65": (
        {"*Cluster"},
        "Container Insights is paid for by the metric; dashboard and X-Ray show enough",
    ),
    "CKV_AWS_111": (
        {"*SmokeHookRole"},
        "Network interfaces of a function know no resource: Lambda's documentation",
    ),
    "CKV_AWS_115": (
        {"*SmokeHookFunction", *DORA},
        "A new account may reserve no concurrency at all, and then the stack would fail",
    ),
    "CKV_AWS_116": (
        {"*SmokeHookFunction", *DORA},
        "CodeDeploy waits for its hook, and a lost call fails the deployment; DORA's queue has a dead-letter "
        "queue of its own, and every hour computes again",
    ),
    "CKV_AWS_117": (
        DORA,
        "They ask AWS's APIs and nothing inside the network; endpoints for that would cost more than they do",
    ),
    "CKV_AWS_18": (
        {"*AccessLogsBucket"},
        "It is the bucket of access logs: logging itself into itself never ends",
    ),
    "CKV_AWS_21": ({"*AccessLogsBucket"}, "Access logs are written once and expire after 30 days"),
}


def problems(root: Path) -> list[str]:
    """checkov's findings that ACCEPTED has no reason for, and reasons whose finding is gone."""
    program = Path(sys.prefix) / "checkov" / "bin" / "checkov"
    folder = root / "infra" / "cloudformation"
    command = [str(program), "--directory", str(folder), "--framework", "cloudformation", "--output", "json"]
    environment = {**os.environ, "LOG_LEVEL": "CRITICAL"}
    run = subprocess.run(
        [*command, "--compact", "--quiet", "--skip-download"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    try:
        failed = json.loads(run.stdout)["results"]["failed_checks"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return [f"checkov could not run: {(run.stderr or run.stdout).strip()[-500:]}"]
    return [*_unexpected(failed), *_outdated(failed)]


def _unexpected(failed: list[dict[str, Any]]) -> list[str]:
    return [
        f"infra/cloudformation{one['file_path']}: {one['check_id']} {one['resource']}: {one['check_name']}"
        for one in failed
        if not _accepted(one)
    ]


def _accepted(finding: dict[str, Any]) -> bool:
    patterns, _ = ACCEPTED.get(finding["check_id"], (set(), ""))
    return any(finding["resource"].endswith(pattern.lstrip("*")) for pattern in patterns)


def _outdated(failed: list[dict[str, Any]]) -> list[str]:
    found = {one["check_id"] for one in failed}
    return [
        f"infra/checks/checkov.py: checkov does not find {check} any more; take it out of ACCEPTED"
        for check in sorted(set(ACCEPTED) - found)
    ]
