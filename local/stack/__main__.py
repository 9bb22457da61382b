"""`python -m local.stack up`, `down`, `reset`, ...: the commands behind these Make targets."""

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from local.stack import aws_cli, dora_report, lab_commands, removal, shelf, shop
from local.stack.containers import Containers
from local.stack.engine import Engine
from local.stack.errors import Refused, StackError
from local.stack.processes import INTERRUPTS, Processes
from local.stack.site import Site, find

FILE = Path(__file__).parents[2] / "docker-compose.yml"
NEXT = "make status · make logs · make down"


def up(site: Site) -> None:
    """Start the stack unless it is up already, and return when the shop answers."""
    with _exclusive(site):
        began = time.monotonic()
        containers, processes = Containers(site), Processes(site)
        engine = _choose(site, containers, processes)
        was_complete = engine.is_complete()
        if was_complete and not _is_closed(site):
            print(f"Lantern is already up ({engine.mode}); nothing was changed.")
        else:
            try:
                engine.start(_say)
                if "storefront" in site.stack.services:
                    shop.wait_until_open(site.address("storefront"))
            except BaseException as error:
                if not was_complete and not isinstance(error, Refused):
                    _take_down(engine)
                raise
            version = " ".join(site.environ.get(name, "") for name in ("SERVICE_VERSION", "SERVICE_COMMIT"))
            print(f"Lantern is up ({engine.mode}, version {version}) after {time.monotonic() - began:.1f} s.")
        _print_addresses(site)


def down(site: Site) -> None:
    """Stop the containers or processes that run; their state is kept."""
    with _exclusive(site):
        running = [engine for engine in (Containers(site), Processes(site)) if engine.is_running()]
        for engine in running:
            engine.stop()
            kept = "in Docker volumes" if engine.mode == "containers" else f"in {site.home / 'state'}"
            print(f"Lantern is down ({engine.mode}). Orders and traces are kept {kept}.")
        if not running:
            print("Lantern is not running.")


def reset(site: Site) -> None:
    """Put an open lab back, where YES does not name the shop. Else remove its state and start it again.

    Orders, traces, logs, metrics and rehearsals go, after a question.
    """
    is_labs = site.environ.get("LAB") or lab_commands.has_open_lab(site)
    if is_labs and not site.environ.get("YES"):
        lab_commands.become(site, "reset")
    removal.require_consent(site)
    with _exclusive(site):
        mode = removal.remove_state(site)
        print(f"Removed {removal.LOST}.")
    if not mode:
        print("Lantern was not running; make up opens a fresh shop.")
        return
    site.environ["MODE"] = mode
    up(site)


def clean(site: Site) -> None:
    """Remove all that this clone has on the machine, and say how much that was."""
    if lab_commands.has_open_lab(site):
        lab_commands.put_back(site)
    with _exclusive(site):
        lines = removal.remove_everything(site)
    print("\n".join(["Removed of this clone:", *lines]))
    print("Kept: .venv, and Docker's build cache, which all projects share (docker builder prune).")


def status(site: Site) -> None:
    """Print the state and the address of each service."""
    running = [engine for engine in (Containers(site), Processes(site)) if engine.is_running()]
    if not running:
        print("Lantern is not running; make up starts it.")
    for engine in running:
        print(f"Lantern runs as {engine.mode}:")
        for state in engine.states():
            address = site.address(state.service) if state.service in site.stack.services else ""
            print(f"  {state.service:<11} {state.state:<11} {address:<23} {state.note}".rstrip())


def logs(site: Site) -> None:
    """Print the last LINES of SERVICE, or of every service; with FOLLOW=1 also those that follow."""
    service, lines = site.environ.get("SERVICE", ""), site.environ.get("LINES") or "20"
    if not lines.isdecimal():
        raise Refused(f"LINES={lines}: expected a number")
    if service not in ("", "supervisor", *site.stack.services):
        raise Refused(f"SERVICE={service}: expected one of {', '.join(site.stack.services)}")
    containers = Containers(site)
    engine: Engine = containers if containers.is_running() else Processes(site)
    engine.logs(service, int(lines), follow=bool(site.environ.get("FOLLOW")))


def traffic(site: Site) -> None:
    """Run the load generator, which has a virtual environment of its own, while the shelf is kept full.

    Ends this process with its exit code.
    """
    python = Path(sys.prefix) / "traffic" / "bin" / "python"
    if not python.exists():
        raise Refused("Locust is not installed; make traffic installs it and begins")
    os.chdir(site.root)
    target = _rehearsed_shop(site) or site.address("storefront")
    environ = os.environ | site.environ | {"TARGET_URL": target, "PYTHONPATH": str(site.root)}
    is_open = "catalog" in site.stack.services and not shop.closed_because(target)
    with shelf.kept_full(site) if is_open else contextlib.nullcontext():
        code = _run([str(python), "-m", "local.traffic"], environ)
    sys.exit(code)


def _run(command: list[str], environ: dict[str, str]) -> int:
    """Run a command, pass interrupts on to it, and return its exit code."""
    process = subprocess.Popen(command, env=environ)
    for number in INTERRUPTS:
        signal.signal(number, lambda number, _: process.send_signal(number))
    return process.wait()


def _rehearsed_shop(site: Site) -> str:
    """The address of the rehearsed shop while its load balancer runs, else ""."""
    containers = Containers(site)
    if not containers.is_running():
        return ""
    if "load-balancer" not in {state.service for state in containers.states()}:
        return ""
    return f"http://127.0.0.1:{site.environ.get('REHEARSAL_PORT') or 8090}"


def _choose(site: Site, containers: Containers, processes: Processes) -> Engine:
    if site.mode == "containers" and containers.missing:
        raise Refused(f"MODE=containers: {containers.missing}")
    running: list[Engine] = [engine for engine in (containers, processes) if engine.is_running()]
    for engine in running:
        if site.mode not in ("", engine.mode):
            raise Refused(f"Lantern is already running as {engine.mode}; run 'make down' first.")
        return engine
    if site.mode == "containers" or (not site.mode and not containers.missing):
        return containers
    if not site.mode:
        print(f"No Docker engine answers ({containers.missing}), so the services run as plain processes.")
    return processes


def _is_closed(site: Site) -> bool:
    return "storefront" in site.stack.services and bool(shop.closed_because(site.address("storefront")))


def _take_down(engine: Engine) -> None:
    """Stop everything that was started, and ignore further interrupts meanwhile."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    print("Taking down what was started", file=sys.stderr)
    engine.stop()


def _print_addresses(site: Site) -> None:
    titles = {"storefront": "the shop", "console": "console", "xray": "local X-Ray", "aws": "local AWS"}
    for service, title in titles.items():
        if service in site.stack.services:
            print(f"  {title:<12} {site.address(service)}")
    print(f"Next: {NEXT}")


@contextlib.contextmanager
def _exclusive(site: Site) -> Iterator[None]:
    """Hold the lock that lets one `up` or `down` run at a time; wait for it."""
    site.home.mkdir(parents=True, exist_ok=True)
    with (site.home / "command.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another 'make up' or 'make down' to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(line, flush=True)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run a command. Exit codes: 1 the stack did not start, 2 the command was refused, 130 interrupted."""
    commands: dict[str, Callable[[Site], None]] = {
        "up": up,
        "down": down,
        "reset": reset,
        "clean": clean,
        "status": status,
        "logs": logs,
        "traffic": traffic,
        "dora": dora_report.measure,
        "aws": aws_cli.call_or_explain,
        **lab_commands.COMMANDS,
    }
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    parser.add_argument("command", choices=commands)
    parser.add_argument("--file", type=Path, default=FILE, help="the compose file; .env is read beside it")
    arguments = parser.parse_args()
    for number in INTERRUPTS:  # SIGINT too: a shell's background job starts with it ignored
        signal.signal(number, _interrupt)
    try:
        commands[arguments.command](find(arguments.file.absolute()))
    except StackError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, Refused) else 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # make logs | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
