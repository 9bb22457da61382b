"""The first images: built and pushed with the commit's id as tag; the X-Ray daemon's image is copied."""

import base64
import os
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError, UsageError
from infra.shop import SERVICES, XRAY_DAEMON_VERSION, XRAY_REPOSITORY

ROOT = Path(__file__).parents[2]
XRAY_PUBLIC_IMAGE = f"public.ecr.aws/xray/aws-xray-daemon:{XRAY_DAEMON_VERSION}"
PLATFORM = "linux/amd64"  # what the task definition's runtimePlatform says


def commit() -> str:
    """The commit's id, the tag of the first images. Raises UsageError when files are not committed."""
    head = _run("git", "rev-parse", "HEAD")
    if head.returncode:
        raise UsageError(
            "not a git checkout: the first images are tagged with a commit; clone the repository"
        )
    sources = ("services", "settings", "origins", "requirements")
    changed = _run("git", "status", "--porcelain", "--", *sources).stdout.split()[1::2]
    if changed:
        raise UsageError(f"{', '.join(changed)}: not committed; the images would not be what their tag says")
    return head.stdout.strip()


def missing(account: Account, services: Collection[str], tag: str) -> list[tuple[str, str]]:
    """The repository and the tag of each image that the registry lacks: of these services, and X-Ray's."""
    images = [(service.repository, tag) for service in SERVICES if service.name in services]
    images.append((XRAY_REPOSITORY, XRAY_DAEMON_VERSION))
    return [image for image in images if not _exists(account, *image)]


def push_first(account: Account, repository: str, tag: str) -> None:
    """Build or pull one image and push it. Raises UsageError without Docker, AccountError on a failure."""
    _need_docker()
    _log_in(account)
    target = f"{account.registry}/{repository}:{tag}"
    if repository == XRAY_REPOSITORY:
        _pull_xray_daemon()
        _must(_run("docker", "tag", XRAY_PUBLIC_IMAGE, target), f"tag {target}")
    else:
        service = repository.rsplit("/", 1)[-1]
        build = ("--build-arg", f"SERVICE={service}", "--build-arg", f"SERVICE_COMMIT={tag}")
        recipe = ("--platform", PLATFORM, "--file", "services/Dockerfile", "--tag", target, ".")
        version = ("--build-arg", f"SERVICE_VERSION={tag[:7]}")
        _must(_run("docker", "build", "--quiet", *build, *version, *recipe), f"build {service}")
    _must(_run("docker", "push", "--quiet", target), f"push {target}")


def _exists(account: Account, repository: str, tag: str) -> bool:
    try:
        answer = account.client("ecr").describe_images(
            repositoryName=repository, imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise AccountError(f"{repository}: {error}") from None
    return bool(answer["imageDetails"])


def _need_docker() -> None:
    if not shutil.which("docker"):
        raise UsageError("no docker command: the first images are built here; AWS CloudShell has one")
    if _run("docker", "info").returncode:
        raise UsageError("'docker info' fails: start the Docker engine, the first images are built here")


def _log_in(account: Account) -> None:
    data = account.client("ecr").get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    command = ["docker", "login", "--username", user, "--password-stdin", account.registry]
    _must(
        subprocess.run(command, input=password, capture_output=True, text=True, check=False), "docker login"
    )


def _pull_xray_daemon() -> None:
    """Pull the daemon's image; where that fails, a copy that is on this machine already is taken."""
    pulled = _run("docker", "pull", "--quiet", "--platform", PLATFORM, XRAY_PUBLIC_IMAGE)
    if pulled.returncode and _run("docker", "image", "inspect", XRAY_PUBLIC_IMAGE).returncode:
        _must(pulled, f"pull {XRAY_PUBLIC_IMAGE}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    # An attestation would make the image an index of two; older builders don't know the flag for it
    environment = {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def _must(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        raise AccountError(f"{what}: {(done.stderr or done.stdout).strip()[-600:]}")
