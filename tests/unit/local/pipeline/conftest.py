"""A runner's parts for a test of their own, and a repository with two commits for all of them."""

import subprocess

import pytest

from local.pipeline.architecture import read
from local.pipeline.codecommit.repository import Repository
from tests.unit.local.pipeline.machine import Machine

GIT = ["git", "-c", "user.name=Trainee", "-c", "user.email=trainee@lantern.invalid"]


@pytest.fixture(name="architecture", scope="package")
def _architecture():
    return read({"Approval": "yes"})


@pytest.fixture(name="repository", scope="package")
def _repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    work = folder / "checkout"
    repository = Repository("lantern", folder, lambda *_: None)
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", work], check=True)
    (work / "buildspec.yml").write_text("version: 0.2\n")
    for words in (["add", "--all"], ["commit", "--quiet", "--message", "Light the lamp"]):
        subprocess.run([*GIT, *words], cwd=work, check=True)
    subprocess.run(["git", "push", "--quiet", folder / "lantern.git", "main"], cwd=work, check=True)
    return repository


@pytest.fixture(name="machine")
def _machine(architecture, repository, tmp_path):
    machine = Machine(architecture, repository, tmp_path)
    yield machine
    machine.close()
