"""`python -m local.pipeline`: serves the pipeline's APIs and git on HOST:PORT; its state is in STATE_DIR."""

import logging
import signal
import sys
import threading

from waitress.server import create_server

from local.pipeline.api_server import ApiServer
from local.pipeline.architecture import ArchitectureError
from local.pipeline.runner import Runner
from local.pipeline.settings import Settings
from settings import SettingsError, load

THREADS = 8
MOST_BODY_BYTES = 512 * 1024 * 1024  # a first push brings the whole history


def main() -> int:
    """Serve until SIGTERM or SIGINT. Exit code 1 when the port is taken, 2 on wrong settings or templates."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        runner = Runner(load(Settings))
    except (SettingsError, ArchitectureError) as error:
        print(f"The pipeline cannot start: {error}", file=sys.stderr)
        return 2
    settings = runner.settings
    try:
        server = create_server(
            ApiServer(runner),
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            max_request_body_size=MOST_BODY_BYTES,
            ident="lantern-pipeline",
        )
    except OSError as error:
        print(f"The pipeline cannot start at {settings.host}:{settings.port}: {error}", file=sys.stderr)
        return 1
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.run, name="http", daemon=True).start()
    runner.start()
    stopping.wait()
    runner.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
