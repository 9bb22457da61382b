"""A runner that the test steps, and a repository with one commit for all of them."""

import subprocess

import pytest

from local.pipeline.architecture import read
from local.pipeline.codecommit.repository import Repository
from tests.unit.local.pipeline.stepped_runner import SteppedRunner

GIT = ["git", "-c", "user.name=Trainee", "-c", "user.email=trainee@lantern.invalid"]


@pytest.fixture(name="architecture", scope="package")
def _architecture():
    return read({"Approval": "yes"})


@pytest.fixture(name="repository", scope="package")
def _repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    checkout = folder / "checkout"
    repository = Repository("lantern", folder)
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", checkout], check=True)
    (checkout / "buildspec.yml").write_text("version: 0.2\n")
    for arguments in (["add", "--all"], ["commit", "--quiet", "--message", "Light the lamp"]):
        subprocess.run([*GIT, *arguments], cwd=checkout, check=True)
    subprocess.run(["git", "push", "--quiet", folder / "lantern.git", "main"], cwd=checkout, check=True)
    return repository


@pytest.fixture(name="runner")
def _runner(architecture, repository, tmp_path):
    runner = SteppedRunner(architecture, repository, tmp_path)
    yield runner
    runner.close()
