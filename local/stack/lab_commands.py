"""Begins the labs' commands, which are clients: with this stack's addresses, and where attempts are kept."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import NoReturn

from local.stack import aws_cli
from local.stack.site import Site

FOLDER = "labs"  # below the stack's folder


def has_open_lab(site: Site) -> bool:
    """Whether an attempt is open, which `make reset` puts back before it takes a whole shop away."""
    return (site.home / FOLDER / "attempt.json").is_file()


def put_back(site: Site) -> None:
    """Put an open lab back as far as that can be done; it says itself what it does."""
    subprocess.run(_program("reset"), env=_environ(site), check=False)


def become(site: Site, command: str) -> NoReturn:
    """Replace this process by a command of the labs."""
    sys.stdout.flush()
    program = _program(command)
    os.execve(program[0], program, _environ(site))  # noqa: S606  its exit code becomes ours


def _program(command: str) -> list[str]:
    return [sys.executable, "-m", "labs", command]


def _environ(site: Site) -> dict[str, str]:
    addresses = {
        f"{service.upper()}_URL": site.address(service)
        for service in ("storefront", "catalog", "orders", "console")
        if service in site.stack.services
    }
    for name, port in (("PIPELINE", 4567), ("REHEARSAL", 8090)):
        addresses[f"{name}_URL"] = f"http://127.0.0.1:{site.environ.get(f'{name}_PORT') or port}"
    daemon = site.address("xray").removeprefix("http://") if "xray" in site.stack.services else ""
    return {
        **os.environ,
        **site.environ,
        **aws_cli.environment(site),
        **addresses,
        "XRAY_DAEMON": daemon,
        "LABS_DIR": str(site.home / FOLDER),
        "PYTHONPATH": str(site.root),
    }


def _command(name: str) -> Callable[[Site], None]:
    return lambda site: become(site, name)


COMMANDS = {
    "labs": _command("list"),
    **{name: _command(name) for name in ("lab", "check", "hint", "answer", "solve")},
}
