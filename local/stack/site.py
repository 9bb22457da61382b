"""A checkout's compose file, environment and state folder, as both engines use them."""

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from local.processes import compose, variables
from local.stack.errors import Refused


@dataclass(frozen=True, slots=True)
class Site:
    """A compose file with the stack that it describes, the folder `home` for files, and the environment."""

    file: Path
    home: Path
    environ: dict[str, str]
    stack: compose.Stack

    @property
    def root(self) -> Path:
        """The folder of the compose file: the checkout."""
        return self.file.parent

    @property
    def mode(self) -> str:
        """The value of MODE: containers, processes or "". Raises Refused for others."""
        mode = self.environ.get("MODE", "")
        if mode not in ("", "containers", "processes"):
            raise Refused(f"MODE={mode}: expected containers or processes")
        return mode

    def address(self, service: str) -> str:
        """Return the address of a service on this machine, "" when it publishes no TCP port."""
        port = next((port for port in self.stack.services[service].ports if port.protocol == "tcp"), None)
        return f"http://127.0.0.1:{port.published}" if port else ""


def find(file: Path) -> Site:
    """Read a compose file with the environment and the `.env` beside it, and add the source's identity.

    Raises Refused.
    """
    try:
        environ = variables.known(file.parent, os.environ)
        environ |= {name: value for name, value in identity(file.parent).items() if not environ.get(name)}
        stack = compose.read(file, environ)
    except (compose.ComposeError, variables.VariableError) as error:
        raise Refused(str(error)) from None
    home = file.parent / (environ.get("LANTERN_DIR") or ".lantern")
    return Site(file, home, environ, stack)


def identity(root: Path) -> dict[str, str]:
    """Return SERVICE_VERSION from pyproject.toml and SERVICE_COMMIT from git, those that can be read."""
    values: dict[str, str] = {}
    project = root / "pyproject.toml"
    if project.is_file():
        values["SERVICE_VERSION"] = tomllib.loads(project.read_text())["project"]["version"]
    if not (root / ".git").exists():  # an unpacked archive may be inside another repository
        return values
    try:
        git = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(git, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return values
    if commit.returncode == 0:
        values["SERVICE_COMMIT"] = commit.stdout.strip()
    return values
