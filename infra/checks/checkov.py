"""checkov over the committed templates and the Kubernetes manifests, with the findings that may stay."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

HTTP = "Without a domain there is no certificate: CertificateArn turns HTTPS on; the rest is inside the VPC"
OWN_KEY = "AWS's own key encrypts it already; a key of one's own costs 1 USD a month and adds no lesson"
DORA = ("*CollectFunction", "*ComputeFunction")
# Check: (the resources, as checkov writes them, that may have its finding, and why)
ACCEPTED_IN_TEMPLATES: dict[str, tuple[tuple[str, ...], str]] = {
    "CKV_AWS_2": (("*ProductionListener", "*TestListener"), HTTP),
    "CKV_AWS_103": (("*ProductionListener", "*TestListener"), HTTP),
    "CKV_AWS_260": (
        ("*CustomersToPublicLoadBalancer80",),
        "Customers come in here, until the shop has a certificate",
    ),
    "CKV_AWS_27": (
        ("*Queue.Queue", "*Queue.DeadLetters"),
        "SQS's own keys encrypt them (SqsManagedSseEnabled); EventBridge can't write with AWS's key in KMS",
    ),
    "CKV_AWS_26": (
        ("*Topic",),
        "Alarms and events can't publish to a topic with SNS's own key, and a message says only what failed",
    ),
    "CKV_AWS_119": (("*Products", "*Orders", "*Table.Table"), OWN_KEY),
    "CKV_AWS_136": (("*Repository",), OWN_KEY),
    "CKV_AWS_158": (("*LogGroup",), OWN_KEY),
    "CKV_AWS_173": (("*SmokeHookFunction", *DORA), f"{OWN_KEY}; the variables hold names and addresses"),
    "CKV_AWS_65": (
        ("*Cluster",),
        "Container Insights is paid for by the metric; dashboard and X-Ray show enough",
    ),
    "CKV_AWS_111": (
        ("*SmokeHookRole",),
        "Network interfaces of a function know no resource: Lambda's documentation",
    ),
    "CKV_AWS_115": (
        ("*SmokeHookFunction", *DORA),
        "A new account may reserve no concurrency at all, and then the stack would fail",
    ),
    "CKV_AWS_116": (
        ("*SmokeHookFunction", *DORA),
        "CodeDeploy waits for its hook, and a lost call fails the deployment; DORA's queue has a dead-letter "
        "queue of its own, and every hour computes again",
    ),
    "CKV_AWS_117": (
        DORA,
        "They ask AWS's APIs and nothing inside the network; endpoints for that would cost more than they do",
    ),
    "CKV_AWS_18": (
        ("*AccessLogsBucket",),
        "It is the bucket of access logs: logging itself into itself never ends",
    ),
    "CKV_AWS_21": (("*AccessLogsBucket",), "Access logs are written once and expire after 30 days"),
}
# Overlay: (check: why its findings may stay)
ACCEPTED_IN_MANIFESTS = {
    "dev": {
        "CKV_K8S_43": "dev runs the tag `bootstrap`, which is immutable in the registry; prod runs digests",
        "CKV_K8S_15": "an immutable tag need not be pulled again for each pod",
    },
    "prod": {},
}

Finding = dict[str, Any]


class CheckovError(Exception):
    """checkov did not run, or wrote no report."""


def template_problems(root: Path) -> list[str]:
    """The findings in infra/cloudformation that nothing accepts, and the acceptances without a finding."""
    try:
        findings = _findings(root / "infra" / "cloudformation", "cloudformation")
    except CheckovError as error:
        return [str(error)]
    return [
        *(
            f"infra/cloudformation{finding['file_path']}: {_words(finding)}"
            for finding in findings
            if not _is_accepted(finding)
        ),
        *_outdated(set(ACCEPTED_IN_TEMPLATES), findings, "ACCEPTED_IN_TEMPLATES"),
    ]


def manifest_problems(overlays: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """The same for the manifests of each overlay of infra/eks, in one run."""
    with tempfile.TemporaryDirectory() as folder:
        for overlay, manifests in overlays.items():
            (Path(folder) / f"{overlay}.yaml").write_text(yaml.safe_dump_all(manifests))
        try:
            findings = _findings(Path(folder), "kubernetes")
        except CheckovError as error:
            return [str(error)]
    problems = []
    for overlay in overlays:
        accepted = set(ACCEPTED_IN_MANIFESTS.get(overlay, {}))
        of_overlay = [finding for finding in findings if finding["file_path"] == f"/{overlay}.yaml"]
        problems += [
            f"infra/eks/overlays/{overlay}: {_words(finding)}"
            for finding in of_overlay
            if finding["check_id"] not in accepted
        ]
        problems += _outdated(accepted, of_overlay, f"ACCEPTED_IN_MANIFESTS[{overlay!r}]")
    return problems


def _findings(folder: Path, framework: str) -> list[Finding]:
    """The failed checks of everything in `folder`. Raises CheckovError."""
    program = Path(sys.prefix) / "checkov" / "bin" / "checkov"
    run = subprocess.run(
        [
            *(str(program), "--directory", str(folder), "--framework", framework, "--output", "json"),
            *("--compact", "--quiet", "--skip-download"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
    )
    try:
        report = json.loads(run.stdout)
        if not report["summary"]["passed"]:
            raise CheckovError(f"checkov looked at nothing in {folder}")
        findings: list[Finding] = report["results"]["failed_checks"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise CheckovError(f"checkov could not run: {(run.stderr or run.stdout).strip()[-500:]}") from None
    return findings


def _words(finding: Finding) -> str:
    """Check, resource, what the check says and, where checkov tells them, the fields that it looked at."""
    fields = ", ".join(finding["check_result"].get("evaluated_keys") or [])
    words = f"{finding['check_id']} {finding['resource']}: {finding['check_name']}"
    return f"{words}: {fields}" if fields else words


def _is_accepted(finding: Finding) -> bool:
    patterns, _ = ACCEPTED_IN_TEMPLATES.get(finding["check_id"], ((), ""))
    return any(fnmatch(finding["resource"], pattern) for pattern in patterns)


def _outdated(accepted: set[str], findings: list[Finding], table: str) -> Iterator[str]:
    for check in sorted(accepted - {finding["check_id"] for finding in findings}):
        yield f"infra/checks/checkov.py: checkov does not find {check} any more; take it out of {table}"
