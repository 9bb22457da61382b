"""The commands without an account: their errors and exit codes, and `cost`."""

import os
import subprocess
import sys

import pytest

from infra.operations import images
from infra.operations.errors import UsageError
from infra.operations.settings import Parameters
from infra.render import ROOT
from infra.template import load
from settings import variables


def run(command, **environ):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, "-m", "infra.operations", command],
        cwd=ROOT,
        env=environment | environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize("command", ["deploy", "drift", "destroy"])
def test_without_a_region_or_credentials_the_next_step_is_named(command):
    no_region = run(command)
    no_credentials = run(command, AWS_DEFAULT_REGION="us-east-1")

    assert (no_region.returncode, no_credentials.returncode) == (2, 2)
    assert no_region.stderr.startswith(f"{command}: no region: set AWS_DEFAULT_REGION")
    assert no_credentials.stderr.startswith(f"{command}: no credentials: run 'aws configure'")
    assert len(no_credentials.stderr.splitlines()) == 1


def test_cost_needs_no_account_and_names_a_wrong_choice():
    assert "in all, day and night" in run("cost").stdout
    wrong = run("cost", EGRESS="vpn", APPROVAL="maybe")

    assert wrong.returncode == 2
    assert "EGRESS='vpn': expected endpoints or nat (how tasks reach AWS)" in wrong.stderr
    assert "APPROVAL='maybe': expected yes or no" in wrong.stderr


def test_every_variable_sets_a_parameter_that_a_template_has():
    declared = {name for stack in load() for name in stack._template.get("Parameters", {})}

    assert set(variables(Parameters)) == declared - {"ImageTag", "DoraCodeKey"}


def test_what_is_not_committed_is_not_built(tmp_path, monkeypatch):
    """The tag would say what is not in the image."""
    monkeypatch.setattr(images, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="not a git checkout"):
        images.commit()
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "app.py").write_text("1")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)

    assert len(images.commit()) == 40
    (tmp_path / "services" / "app.py").write_text("2")
    with pytest.raises(UsageError, match=r"services/app.py: not committed"):
        images.commit()
