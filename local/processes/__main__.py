"""`python -m local.processes`: runs the stack in the foreground until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from local.processes import compose
from local.processes.supervisor import Supervisor, log_file


async def supervise(stack: compose.Stack, root: Path, home: Path) -> int:
    """Run `stack`; exit code 1 when a service did not come up."""
    supervisor = Supervisor(stack, root, home)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.ask_to_stop)
    return 0 if await supervisor.run() else 1


def main() -> int:
    """Exit code 2 when nothing was begun: a wrong compose file, or a supervisor that is there already."""
    arguments = argparse.ArgumentParser(prog="python -m local.processes", description=__doc__)
    arguments.add_argument("--file", type=Path, default=Path("docker-compose.yml"), help="what to run")
    arguments.add_argument("--home", type=Path, default=Path(".lantern"), help="folder for state, logs, pids")
    given = arguments.parse_args()
    file, home = given.file.absolute(), given.home.absolute()
    log_file(home, "supervisor").parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(log_file(home, "supervisor"), maxBytes=1_000_000, backupCount=1)
    logging.basicConfig(
        format="%(asctime)s %(message)s", level=logging.INFO, handlers=[handler, logging.StreamHandler()]
    )
    try:
        stack = compose.read(file, os.environ)
    except compose.ComposeError as error:
        print(error, file=sys.stderr)
        return 2
    with (home / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"A supervisor is already running in {home}", file=sys.stderr)
            return 2
        return asyncio.run(supervise(stack, file.parent, home))


if __name__ == "__main__":
    sys.exit(main())
