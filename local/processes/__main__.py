"""`python -m local.processes`: run the stack in the foreground until SIGTERM or Ctrl-C."""

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
    """Run `stack` until a signal stops it. Exit code 1 when a service did not start."""
    supervisor = Supervisor(stack, root, home)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.ask_to_stop)
    return 0 if await supervisor.run() else 1


def main() -> int:
    """Run the supervisor. Exit code 2 when the compose file is wrong or a supervisor is running already."""
    parser = argparse.ArgumentParser(prog="python -m local.processes", description=__doc__)
    parser.add_argument("--file", type=Path, default=Path("docker-compose.yml"), help="the compose file")
    parser.add_argument("--home", type=Path, default=Path(".lantern"), help="folder for state, logs, pids")
    arguments = parser.parse_args()
    file, home = arguments.file.absolute(), arguments.home.absolute()
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
