"""Runs a program of a trainee's own, from a folder of the attempt; it is loaded again when a file changes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from labs.errors import LabError
from labs.workspace import Workspace

LOG = "output.log"
ANSWERS_WITHIN_S = 20.0
PROBE_S = 3
# starts a program that outlives this command and is nobody's child
DETACH = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"


def free_port() -> int:
    """A port of this machine that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(work: Workspace, folder: Path, app: str, port: int, *options: str, **environ: str) -> None:
    """Have gunicorn serve `app`, unless something answers at the port, and wait until it does.

    Its command line names the folder, by which clean-up recognises it. Raises LabError.
    """
    if answers(port):
        return
    command = [
        str(Path(sys.executable).with_name("gunicorn")),
        "--reload",
        "--chdir",
        str(folder),
        *options,
        app,
    ]
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PYTHONUNBUFFERED": "1",
        "PORT": str(port),
        "AWS_XRAY_DAEMON_ADDRESS": work.settings.daemon,
        "CATALOG_URL": work.settings.catalog,
        "ORDERS_URL": work.settings.orders,
        **{name: os.environ.get(name, "laptop") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        **environ,
    }
    with (folder / LOG).open("ab") as log:
        subprocess.run(
            [sys.executable, "-c", DETACH, *command],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
        )
    try:
        work.until(lambda _: answers(port), f"{app} at port {port}", ANSWERS_WITHIN_S)
    except LabError as error:
        raise LabError(f"{error}\n{last_line(folder)}") from None


def answers(port: int) -> bool:
    """Whether something listens at the port; to ask it by HTTP would leave a trace."""
    with socket.socket() as probe:
        probe.settimeout(PROBE_S)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def last_line(folder: Path) -> str:
    """The last line that the program has written."""
    try:
        lines = (folder / LOG).read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""
