"""The first images: built and pushed under the commit's id, and the X-Ray daemon mirrored beside them."""

import base64
import shutil
import subprocess
from pathlib import Path

from botocore.exceptions import ClientError

from infra.operations.account import Account
from infra.operations.errors import AccountError, UsageError
from infra.shop import SERVICES, XRAY_DAEMON_VERSION, XRAY_REPOSITORY

ROOT = Path(__file__).parents[2]
XRAY_PUBLIC_IMAGE = f"public.ecr.aws/xray/aws-xray-daemon:{XRAY_DAEMON_VERSION}"
PLATFORM = "linux/amd64"  # what the task definition's runtimePlatform says


def commit() -> str:
    """What the first images are tagged with; raises UsageError when the files are not that commit's."""
    head = _run("git", "rev-parse", "HEAD")
    if head.returncode:
        raise UsageError(
            "not a git checkout: the first images are tagged with a commit; clone the repository"
        )
    sources = ("services", "settings", "requirements")
    changed = _run("git", "status", "--porcelain", "--", *sources).stdout.split()[1::2]
    if changed:
        raise UsageError(f"{', '.join(changed)}: not committed; the images would not be what their tag says")
    return head.stdout.strip()


def missing(account: Account, tag: str) -> list[tuple[str, str]]:
    """Repository and tag of each image that the registry lacks."""
    wanted = [(service.repository, tag) for service in SERVICES] + [(XRAY_REPOSITORY, XRAY_DAEMON_VERSION)]
    return [(repository, one) for repository, one in wanted if not _is_there(account, repository, one)]


def push_first(account: Account, repository: str, tag: str) -> None:
    """Build or fetch one image and push it; raises UsageError without Docker, AccountError on a failure."""
    _need_docker()
    _log_in(account)
    target = f"{account.registry}/{repository}:{tag}"
    if repository == XRAY_REPOSITORY:
        _fetch_xray()
        _must(_run("docker", "tag", XRAY_PUBLIC_IMAGE, target), f"tag {target}")
    else:
        service = repository.rsplit("/", 1)[-1]
        build = ("--build-arg", f"SERVICE={service}", "--build-arg", f"SERVICE_COMMIT={tag}")
        recipe = ("--platform", PLATFORM, "--file", "services/Dockerfile", "--tag", target, ".")
        version = ("--build-arg", f"SERVICE_VERSION={tag[:7]}")
        _must(_run("docker", "build", "--quiet", *build, *version, *recipe), f"build {service}")
    _must(_run("docker", "push", "--quiet", target), f"push {target}")


def _is_there(account: Account, repository: str, tag: str) -> bool:
    try:
        found = account.client("ecr").describe_images(
            repositoryName=repository, imageIds=[{"imageTag": tag}]
        )["imageDetails"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise AccountError(f"{repository}: {error}") from None
    return bool(found)


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


def _fetch_xray() -> None:
    """A copy that is here already will do: somebody without a way out may have brought it."""
    pulled = _run("docker", "pull", "--quiet", "--platform", PLATFORM, XRAY_PUBLIC_IMAGE)
    if pulled.returncode and _run("docker", "image", "inspect", XRAY_PUBLIC_IMAGE).returncode:
        _must(pulled, f"pull {XRAY_PUBLIC_IMAGE}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _must(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        raise AccountError(f"{what}: {(done.stderr or done.stdout).strip()[-600:]}")
