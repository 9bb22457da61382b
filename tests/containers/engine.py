"""A copy of the checkout that Docker runs with a project name and ports of its own."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import docker
import requests

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
SHOP = ("storefront", "catalog", "orders")
EVERYTHING = {*SHOP, "console", "seed", "aws", "xray", "logs"}
TRACKED = (
    *("docker-compose.yml", ".dockerignore", ".env.example", "pyproject.toml", "Makefile"),
    *("settings", "origins", "services", "dora", "local", "console", "requirements"),
    "infra/cloudformation/lantern-data.json",
)


class Checkout:
    """A fresh copy of what is built from, without .env, and the commands on it."""

    def __init__(self, folder: Path, project: str) -> None:
        self.folder = folder
        self.project = project
        self.ports = {
            name: free_port() for name in (*SHOP, "console", "xray", "otlp", "aws", "logs", "traffic")
        }
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "COMPOSE_PROJECT_NAME": project,
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }
        for name in TRACKED:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, target)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['storefront']}"

    def compose(self, *arguments: str) -> str:
        """Run docker compose and return its output; fail with that unless it succeeds."""
        done = subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def begin(self, command: str, **environ: str) -> subprocess.Popen[str]:
        """Start `up`, `down` or another command as make does, without waiting."""
        return subprocess.Popen(
            [sys.executable, "-m", "local.stack", command],
            cwd=self.folder,
            env=self.env | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str, code: int = 0, **environ: str) -> str:
        """Run `up`, `down` or another command; fail unless it exits with `code`; return its output."""
        return printed_by(self.begin(command, **environ), code)

    def containers(self) -> dict[str, "docker.models.containers.Container"]:
        """Return its containers by service, those that have ended as well."""
        containers = docker.from_env().containers.list(all=True, filters={"label": self._label()})
        return {container.labels["com.docker.compose.service"]: container for container in containers}

    def leftovers(self) -> list[str]:
        """Return the names of its containers and networks; volumes hold the state and are kept."""
        client = docker.from_env()
        networks = client.networks.list(filters={"label": self._label()})
        return [*self.containers(), *(network.name for network in networks)]

    def order(self, key: str, sku: str = "bamboo-festival-lantern") -> requests.Response:
        return requests.post(
            f"{self.url}/api/orders",
            json={"items": [{"sku": sku, "quantity": 1}]},
            headers={"Idempotency-Key": key},
            timeout=30,
        )

    def remove(self) -> None:
        """Remove everything, the state included."""
        profiles = ("--profile", "traffic", "--profile", "rehearsal")
        self.compose(*profiles, "down", "--volumes", "--rmi", "all", "--remove-orphans", "--timeout", "5")
        client = docker.from_env()
        for volume in client.volumes.list(filters={"label": self._label()}):
            volume.remove()

    def _label(self) -> str:
        return f"com.docker.compose.project={self.project}"


def printed_by(process: subprocess.Popen[str], code: int, within_s: float = 300) -> str:
    """Wait for a command and return its output; fail unless it exits with `code` in time."""
    try:
        printed, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, _ = process.communicate()
        raise AssertionError(f"not done after {within_s:.0f} s:\n{printed}") from None
    assert process.returncode == code, printed
    return printed
