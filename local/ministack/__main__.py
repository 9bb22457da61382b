"""`python -m local.ministack`: serve the local AWS on HOST:PORT with its data in STATE_DIR."""

import asyncio
import os
import sys
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.ministack import engine, tables
from local.ministack.front import Front
from local.ministack.snapshots import Snapshots, StateInUse, lock
from local.ministack.throttling import Throttling


def main() -> int:
    """Serve until SIGTERM or SIGINT. Exit code 1 when the state directory or a table cannot be used."""
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 4566)
    state = Path(os.environ.get("STATE_DIR") or ".lantern/state/aws-state").absolute()
    engine.configure(host, port, state)
    engine.forbid_programs()
    try:
        lock_fd = lock(state)
        front = Front(engine.load(), tables.read(), Snapshots(lock_fd), _throttling())
    except (OSError, StateInUse, tables.TableError) as error:
        print(f"The local AWS cannot start: {error}", file=sys.stderr)
        return 1
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = os.environ["LOG_LEVEL"]
    asyncio.run(serve(front, config, mode="asgi"))  # type: ignore[arg-type]  # its ASGI types are closed unions
    return 0


def _throttling() -> Throttling | None:
    """The table's fault, where FAULTS=on lets it be switched; kept in FAULTS_DIR over a restart."""
    if os.environ.get("FAULTS") != "on":
        return None
    folder = os.environ.get("FAULTS_DIR")
    return Throttling(Path(folder) / "aws.json" if folder else None)


if __name__ == "__main__":
    sys.exit(main())
