"""Checks everything about the AWS files that can be checked without an account: `make verify-infra`."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from infra import synth
from infra.checks import (
    api_models,
    aws_files,
    cfn_lint,
    checkov,
    cloudformation,
    dependencies,
    dora,
    iam,
    kubectl,
    kubernetes,
    nag_acknowledgements,
    notifications,
    role_use,
    shared_names,
    smoke_test,
    task_definition,
)

ROOT = Path(__file__).parents[1]

Step = tuple[str, Callable[[], list[str]]]


def steps(root: Path = ROOT) -> list[Step]:
    """Name and check of each step, the quick ones first."""
    files = aws_files.read(root)
    return [
        ("files can be read", lambda: files.unreadable),
        ("names, ports and placeholders agree", lambda: shared_names.problems(files)),
        ("task definition and AppSpec", lambda: task_definition.problems(files)),
        ("AWS's own API models", lambda: api_models.problems(files)),
        ("rules over the templates", lambda: cloudformation.problems(files)),
        ("order of creation and deletion", lambda: dependencies.problems(files)),
        ("smoke test: it ends in time", lambda: smoke_test.problems(files)),
        ("notifications: no event is dropped", lambda: notifications.problems(files)),
        ("DORA: no event is lost, nobody else's is counted", lambda: dora.problems(files)),
        ("IAM: nobody may do more than needed", lambda: iam.problems(files)),
        ("IAM: what is allowed is used, what is used is allowed", lambda: role_use.problems(files)),
        ("cfn-lint", lambda: cfn_lint.problems(root)),
        ("CDK synthesis and cdk-nag", synthesis),
        ("checkov", lambda: checkov.template_problems(root)),
        ("Kubernetes manifests", lambda: kubernetes.step(root)),
    ]


def synthesis() -> list[str]:
    """Templates that the code does not make, findings of cdk-nag, acknowledgements without a finding."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            templates = synth.synthesise(Path(folder))
        except synth.SynthError as error:
            return str(error).splitlines()
        outdated = nag_acknowledgements.outdated(Path(folder) / "validation-report.json")
    return [*(f"{line}: run 'make synth'" for line in synth.differences(templates)), *outdated]


def main() -> int:
    """Run every step, so that all problems are printed at once. Exit code 0 when no step fails, else 1."""
    failed = skipped = 0
    start = time.monotonic()
    for name, check in steps():
        began = time.monotonic()
        try:
            problems = check()
        except kubectl.NoKubectl as reason:
            if os.environ.get("CI") != "true":
                print(f"skip {name}: {reason}", flush=True)
                skipped += 1
                continue
            problems = [str(reason)]
        elapsed_s = time.monotonic() - began
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {name} ({elapsed_s:.1f} s)", flush=True)
        for problem in problems:
            print(f"     {problem}", flush=True)
    verdict = f"{failed} of the steps failed" if failed else "What can be proven without an account holds"
    verdict += f", {skipped} skipped" if skipped else ""
    print(f"{verdict} ({time.monotonic() - start:.1f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
