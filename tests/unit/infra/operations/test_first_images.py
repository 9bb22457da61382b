"""`make deploy` builds and pushes the images that are missing for services it creates, and no other."""

import subprocess

import pytest

from infra.operations import deploy, images
from infra.shop import SERVICE_STACKS, XRAY_DAEMON_VERSION, XRAY_REPOSITORY
from tests.unit.infra.operations.stubs import StubbedAccount

TAG = "a" * 40
THERE = {"imageDetails": [{"imageTags": ["some"]}]}


@pytest.fixture(name="account")
def _account():
    account = StubbedAccount()
    yield account
    account.check_all_were_called()


@pytest.fixture(name="programs")
def _programs(monkeypatch):
    """The programs that were started, with their arguments; each ends well."""
    started = []

    def run(*command):
        started.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(images, "_run", run)
    monkeypatch.setattr(images, "_log_in", lambda _: None)
    monkeypatch.setattr(images.shutil, "which", lambda name: f"/usr/bin/{name}")
    return started


def stacks_of(*missing):
    """Stands for CloudFormation, where every stack exists but those of these services."""

    class Stacks:
        def __init__(self, _account, poll_s):
            pass

        def exists(self, name):
            return name.removeprefix("lantern-") not in missing

        def plan(self, *_, **__):
            return []

    return Stacks


def run_deploy(account, monkeypatch, *missing):
    monkeypatch.setattr(deploy, "Stacks", stacks_of(*missing))
    for module, name in (
        (deploy.zones, "check"),
        (deploy.lambda_package, "check_functions"),
        (deploy, "_add_products"),
        (deploy, "_print_addresses"),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(deploy.lambda_package, "upload", lambda *_: "dora/code.zip")
    deploy.deploy(account, {"AlarmEmail": "new@example.com"}, lambda _: None)


def test_with_every_service_in_place_a_changed_parameter_needs_neither_docker_nor_git(
    account, programs, monkeypatch
):
    """The next image is the pipeline's; it would find the laptop's under the tag, which nobody tested."""
    daemon = {"repositoryName": XRAY_REPOSITORY, "imageIds": [{"imageTag": XRAY_DAEMON_VERSION}]}
    account.expect("ecr", "describe_images", THERE, daemon)

    run_deploy(account, monkeypatch)

    assert programs == []


def test_a_service_that_is_created_gets_its_image_and_the_others_none(account, programs, monkeypatch):
    monkeypatch.setattr(images, "commit", lambda: TAG)
    account.refuse("ecr", "describe_images", "ImageNotFoundException")  # of orders
    account.expect("ecr", "describe_images", THERE)  # the X-Ray daemon's

    run_deploy(account, monkeypatch, "orders")

    assert set(SERVICE_STACKS) == {"catalog", "orders", "storefront"}
    (build,) = (command for command in programs if command[:2] == ("docker", "build"))
    (push,) = (command for command in programs if command[:2] == ("docker", "push"))
    assert "SERVICE=orders" in build
    assert push[-1].endswith(f"/lantern/orders:{TAG}")


def test_an_image_that_is_there_is_not_built_again(account, programs, monkeypatch):
    """A first creation that failed half-way had pushed it."""
    monkeypatch.setattr(images, "commit", lambda: TAG)
    account.expect("ecr", "describe_images", THERE)
    account.expect("ecr", "describe_images", THERE)

    run_deploy(account, monkeypatch, "orders")

    assert programs == []
