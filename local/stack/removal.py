"""`make reset` and `make clean`: what takes away this clone's state, or everything of it on this machine."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

from local.stack.containers import Containers
from local.stack.errors import Refused
from local.stack.processes import Processes
from local.stack.site import Site
from local.stack.sizes import megabytes

MADE_ANEW = ("aws-state", "xray-state", "pipeline-state", "balancer")
LOST = "every order, trace, log line, metric and rehearsal"
FILES = ("command.lock", "supervisor.lock", "processes.json", "history.jsonl", "history.part")


def require_consent(site: Site) -> None:
    """Ask whether the shop's state may go, unless YES=1 says so. Raises Refused when it may not."""
    if site.environ.get("YES"):
        return
    if not sys.stdin.isatty():
        raise Refused(f"make reset removes {LOST} of {site.root}. To agree: make reset YES=1")
    answer = input(f"This removes {LOST} of {site.root}. Go on? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise Refused("Nothing was removed.")


def remove_state(site: Site) -> str:
    """Stop what runs and remove its state; returns the mode that ran, "" for none."""
    containers, processes = Containers(site), Processes(site)
    running = [engine for engine in (containers, processes) if engine.is_running()]
    for engine in running:
        engine.stop()
    if not containers.missing:
        containers.remove_volumes(MADE_ANEW)
    _remove_state_files(site)
    (site.home / "history.jsonl").unlink(missing_ok=True)
    return running[0].mode if running else ""


def remove_everything(site: Site) -> list[str]:
    """Stop what runs and remove all that this clone has on the machine; returns what went, with its size."""
    containers, removed = Containers(site), list[str]()
    is_running = containers.is_running()  # refuses what is another clone's, before anything goes
    Processes(site).stop()
    if is_running:
        containers.stop()
    if not containers.missing:
        removed += containers.remove_everything()
    size = _size(site.home)
    _remove_state_files(site)
    for folder in ("logs", "labs"):
        shutil.rmtree(site.home / folder, ignore_errors=True)
    for name in FILES:
        (site.home / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # LANTERN_DIR may be a folder with other things in it
        site.home.rmdir()
    return [*removed, f"{megabytes(size):>12}  {site.home}"]


def _remove_state_files(site: Site) -> None:
    state = site.home / "state"
    volumes = {name for service in site.stack.services.values() for name in service.volumes.values()}
    for name in (*volumes, "home"):
        shutil.rmtree(state / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        state.rmdir()


def _size(folder: Path) -> int:
    files = (Path(path, name) for path, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_size for file in files)
