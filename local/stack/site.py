"""Where a stack's files are and what its variables say: the same for both ways to run it."""

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from local.processes import compose, variables
from local.stack.errors import Refused


@dataclass(frozen=True, slots=True)
class Site:
    """A compose file, the folder for everything written, the environment, and what the file says in it."""

    file: Path
    home: Path
    environ: dict[str, str]
    stack: compose.Stack

    @property
    def root(self) -> Path:
        """The folder of the compose file, which is the checkout."""
        return self.file.parent

    @property
    def mode(self) -> str:
        """What MODE asks for: containers, processes or nothing."""
        mode = self.environ.get("MODE", "")
        if mode not in ("", "containers", "processes"):
            raise Refused(f"MODE={mode}: expected containers or processes")
        return mode

    def address(self, service: str) -> str:
        """Where `service` answers on this machine; empty when it publishes nothing."""
        port = next((port for port in self.stack.services[service].ports if port.protocol == "tcp"), None)
        return f"http://127.0.0.1:{port.published}" if port else ""


def find(file: Path) -> Site:
    """Read `file`, the `.env` beside it and the environment; name the source's version and commit."""
    try:
        environ = variables.known(file.parent, os.environ)
        environ |= {name: value for name, value in identity(file.parent).items() if not environ.get(name)}
        stack = compose.read(file, environ)
    except (compose.ComposeError, variables.VariableError) as error:
        raise Refused(str(error)) from None
    home = file.parent / (environ.get("LANTERN_DIR") or ".lantern")
    return Site(file, home, environ, stack)


def identity(root: Path) -> dict[str, str]:
    """SERVICE_VERSION from pyproject.toml and SERVICE_COMMIT from git, each where there is one."""
    found: dict[str, str] = {}
    project = root / "pyproject.toml"
    if project.is_file():
        found["SERVICE_VERSION"] = tomllib.loads(project.read_text())["project"]["version"]
    if not (root / ".git").exists():  # unpacked somewhere inside another repository
        return found
    try:
        git = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(git, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return found
    if commit.returncode == 0:
        found["SERVICE_COMMIT"] = commit.stdout.strip()
    return found
