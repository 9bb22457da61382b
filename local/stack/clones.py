"""Tells the clones of Lantern on one machine apart: whose containers, volumes and ports these are.

A clone's containers, networks, volumes and images have the name of its folder, as `docker compose` has it,
or COMPOSE_PROJECT_NAME. Two folders may have the same name, so `make up` also keeps an empty volume whose
label is the folder: state outlives the containers, and with it whose it is.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import psutil

from local.processes.compose import Port, Stack
from local.stack.errors import Refused

FOLDER = "lantern.folder"  # label of the volume that says whose the others are
PROJECT = "com.docker.compose.project"
WORKING_DIR = "com.docker.compose.project.working_dir"

SUPERVISOR = "local.processes"  # in the command line of what keeps the processes of a clone


def is_clone(folder: Path) -> bool:
    """Whether a folder holds a checkout of Lantern."""
    return (folder / "docker-compose.yml").is_file() and (folder / "local" / "stack").is_dir()


def require_own(project: str, root: Path) -> None:
    """Raise Refused when another clone has the containers or the volumes of this name."""
    by_label = ["--filter", f"label={PROJECT}={project}"]
    folders = _docker("ps", "--all", *by_label, "--format", f'{{{{.Label "{WORKING_DIR}"}}}}').split("\n")
    folders.append(
        _docker("volume", "inspect", _mark(project), "--format", f'{{{{index .Labels "{FOLDER}"}}}}')
    )
    for folder in filter(None, map(str.strip, folders)):
        if not _is_same(Path(folder), root) and is_clone(Path(folder)):
            raise Refused(
                f"The containers and volumes named {project} are another Lantern's, in {folder}. "
                f"Give this one a name of its own, in .env: COMPOSE_PROJECT_NAME={project}-2"
            )


def mark_own(project: str, root: Path) -> None:
    """Write down that the volumes of this name are this clone's; `require_own` comes before."""
    _docker("volume", "rm", _mark(project))  # of a clone that was moved
    labels = (f"{FOLDER}={root}", f"{PROJECT}={project}")
    _docker("volume", "create", *(word for label in labels for word in ("--label", label)), _mark(project))


def holder(port: Port) -> Path | None:
    """The folder of the Lantern that holds a port, None when something else does."""
    of_port = ["--filter", f"publish={port.published}/{port.protocol}"]
    folder = _docker("ps", *of_port, "--format", f'{{{{.Label "{WORKING_DIR}"}}}}').strip()
    if folder and is_clone(Path(folder)):
        return Path(folder)
    with contextlib.suppress(psutil.Error):
        process = listener(port)
        if process and any(SUPERVISOR in parent.cmdline() for parent in process.parents()):
            return Path(process.cwd())
    return None


def listener(port: Port) -> psutil.Process | None:
    """The process that listens on a port, as far as this user may know."""
    for connection in psutil.net_connections(kind=port.protocol):
        listens = port.protocol == "udp" or connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == port.published and connection.pid:
            return psutil.Process(connection.pid)
    return None


def other_ports(stack: Stack) -> list[str]:
    """Lines for .env that move all ports of a clone away from those of another one."""
    used = [port for _, port in stack.ports()] + [port for ports in stack.left_out.values() for port in ports]
    moved = {port.variable: port.published + 100 for port in used if port.variable}
    return [f"{variable}={number}" for variable, number in moved.items()]


def _mark(project: str) -> str:
    return f"{project}_folder"


def _is_same(folder: Path, root: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(root)


def _docker(*arguments: str) -> str:
    """What docker prints, "" where there is none or it refuses."""
    if not shutil.which("docker"):
        return ""
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 else ""
