"""What every test may use: folder markers, and `requires` for parts that a machine may lack."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from infra.checks import kubectl
from tests import lanes

# how long an example takes says more about the machine than about the code
settings.register_profile("lantern", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lantern")

FOLDERS = ("rules", "unit", "contract", "api", "containers", "browser", "infra")
BROWSERS = (
    "chromium-headless-shell",  # the same engine without windows, which halves what the browser's tests cost
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "brave-browser",
)


def find_browser() -> str | None:
    """Return the path of $CHROMIUM or of the first browser that is installed, or None."""
    names = (os.environ.get("CHROMIUM", ""), *BROWSERS)
    return next((path for name in names if name and (path := shutil.which(name))), None)


@functools.cache
def missing(part: str) -> str | None:
    """Why `part` cannot be used on this machine, or None when it can."""
    if part == "chromium":
        return (
            None if find_browser() else "no Chromium or Chrome found; install one or set CHROMIUM to its path"
        )
    if part == "kubectl":
        try:
            kubectl.find()
        except kubectl.NoKubectl as reason:
            return str(reason)
        return None
    if part == "docker":
        if not shutil.which("docker"):
            return "no docker command found"
        for command in (["docker", "info"], ["docker", "compose", "version"]):
            if subprocess.run(command, capture_output=True, timeout=30, check=False).returncode:
                return f"'{' '.join(command)}' fails"
        return None
    if part == "haproxy":
        return None if shutil.which("haproxy") else "no haproxy found; Debian's package of that name has it"
    raise ValueError(
        f"requires({part!r}): unknown part, expected 'chromium', 'docker', 'haproxy' or 'kubectl'"
    )


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config, "workerinput", {}).get("workerid", lanes.FIRST_WORKER) != lanes.FIRST_WORKER:
        os.nice(lanes.NICENESS)
    for folder in FOLDERS:
        config.addinivalue_line("markers", f"{folder}: tests under tests/{folder}")
    config.addinivalue_line(
        "markers", "requires(part): skipped with the reason where the part is missing; fails under CI"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    for item in items:
        item.add_marker(item.path.relative_to(root).parts[0])
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: lanes.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return lanes.scheduler(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("requires"):
        reason = missing(mark.args[0])
        if reason and os.environ.get("CI") == "true":
            pytest.fail(f"CI must have it: {reason}", pytrace=False)
        if reason:
            pytest.skip(reason)
