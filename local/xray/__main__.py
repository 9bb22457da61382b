"""`python -m local.xray`: the local X-Ray on XRAY_HOST:XRAY_PORT, segments over UDP and the API over TCP."""

import contextlib
import ctypes
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waitress.server import create_server

from local.awsapi.application import Application
from local.xray import operations
from local.xray.backend import Backend
from local.xray.front_page import FrontPage
from local.xray.settings import Settings
from local.xray.storage.store import Store
from local.xray.udp import Receiver
from settings import SettingsError, load

THREADS = 8
# what X-Ray's SDKs ask their daemon for, which signs it on AWS
UNSIGNED = ("GetSamplingRules", "GetSamplingTargets", "PutTraceSegments", "PutTelemetryRecords")
M_ARENA_MAX = -8  # of glibc's mallopt


def main() -> int:
    """Serve until SIGTERM or SIGINT. Exit code 1 when it can't start, 2 on wrong settings."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load(Settings)
        _serve(settings)
    except SettingsError as error:
        print(f"The local X-Ray cannot start: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        place = f"{settings.host}:{settings.port}, state in {settings.state}"
        print(
            f"The local X-Ray cannot start at {place}: {error}. XRAY_PORT chooses another port.",
            file=sys.stderr,
        )
        return 1
    return 0


def _share_one_arena() -> None:
    """With glibc: one malloc arena for all threads, because memory grows with the number of arenas."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def _serve(settings: Settings) -> None:
    _share_one_arena()
    store = Store(settings.state, settings.max_mb, settings.max_age_h)
    receiver = Receiver(store, settings.host, settings.port)
    backend = Backend(store)

    def counters() -> dict[str, Any]:
        return {
            "segments received over UDP": receiver.received,
            "rejected": receiver.rejected,
            "dropped": receiver.dropped + store.writer.dropped,
            "traces stored": store.reader.count(),
            "receive buffer, bytes": receiver.buffer_bytes,
            "last write error": store.writer.write_error or "none",
        }

    api = Application("xray", operations.load(backend), operations.NOT_REQUIRED, UNSIGNED)
    app = _by_method(FrontPage(counters), api)
    server = create_server(
        app, host=settings.host, port=settings.port, threads=THREADS, ident="lantern-x-ray"
    )
    receiver.start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.run, name="http", daemon=True).start()
    stopping.wait()
    receiver.stop()
    store.close()


def _by_method(page: FrontPage, api: Application) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that answers GET and HEAD with the page; the API's operations are all POST."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_page = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        return page(environ, start_response) if is_page else api(environ, start_response)

    return app


if __name__ == "__main__":
    sys.exit(main())
