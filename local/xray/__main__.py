"""`python -m local.xray`: the local X-Ray on XRAY_HOST:XRAY_PORT, segments over UDP and the API over TCP.

OpenTelemetry's exporters send to /v1/traces, there or at OTLP_PORT; the same server listens at both.
"""

import contextlib
import ctypes
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waitress.server import create_server

from local.awsapi.account import REGION
from local.awsapi.application import Application
from local.xray import operations
from local.xray.backend import Backend
from local.xray.front_page import FrontPage
from local.xray.otlp.receiver import PREFIX as OTLP_PREFIX
from local.xray.otlp.receiver import OtlpReceiver
from local.xray.permissions import Permissions
from local.xray.settings import Settings
from local.xray.span_log import SpanLog
from local.xray.storage.store import Store
from local.xray.udp import Receiver
from settings import SettingsError, load

THREADS = 8
# what X-Ray's SDKs ask their daemon for, which signs it on AWS
UNSIGNED = ("GetSamplingRules", "GetSamplingTargets", "PutTraceSegments", "PutTelemetryRecords")
MAX_BODY_BYTES = 16 * 1024 * 1024  # beyond it nothing is read; API and OTLP refuse less by name
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
        place = f"{_addresses(settings)}, state in {settings.state}"
        print(
            f"The local X-Ray cannot start at {place}: {error}. "
            "XRAY_PORT and OTLP_PORT choose other ports; OTLP_PORT=0 does without the second.",
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
    span_log = SpanLog(_connector(settings))
    backend = Backend(store, span_log)
    otlp = OtlpReceiver(store.writer, span_log)

    def counters() -> dict[str, Any]:
        return {
            "segments received over UDP": receiver.received,
            "rejected": receiver.rejected,
            "spans received over OTLP": otlp.received,
            "spans rejected": otlp.rejected,
            "OTLP requests refused, too much to write": otlp.overloaded,
            "dropped": receiver.dropped + store.writer.dropped,
            "spans sent to the log group aws/spans": span_log.sent,
            "spans that the log group lost": span_log.dropped,
            "traces stored": store.reader.count(),
            "receive buffer, bytes": receiver.buffer_bytes,
            "last write error": store.writer.write_error or "none",
        }

    permissions = Permissions(settings.aws)
    api = Application("xray", operations.load(backend), operations.NOT_REQUIRED, UNSIGNED, permissions.denial)
    server = create_server(
        _routed(FrontPage(counters), otlp, api),
        listen=_addresses(settings),
        threads=THREADS,
        ident="lantern-x-ray",
        max_request_body_size=MAX_BODY_BYTES,
    )
    receiver.start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.run, name="http", daemon=True).start()
    stopping.wait()
    receiver.stop()
    store.close()
    span_log.stop()


def _connector(settings: Settings) -> Callable[[], Any] | None:
    """Makes a client of CloudWatch Logs where AWS_ENDPOINT_URL says: spans never go to an account."""
    if not settings.aws:
        return None

    def connect() -> Any:
        import boto3  # a third of the memory of the process, for who wants it
        from botocore.config import Config

        keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
        config = Config(connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 1})
        return boto3.client("logs", endpoint_url=settings.aws, region_name=REGION, config=config, **keys)

    return connect


def _addresses(settings: Settings) -> str:
    """Where HTTP is spoken, separated by spaces."""
    ports = dict.fromkeys(port for port in (settings.port, settings.otlp_port) if port)
    return " ".join(f"{settings.host}:{port}" for port in ports)


def _routed(page: FrontPage, otlp: OtlpReceiver, api: Application) -> Callable[..., Iterable[bytes]]:
    """A WSGI application: GET and HEAD get the page, OTLP's paths its receiver; the API's are all POST."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(OTLP_PREFIX):
            return otlp(environ, start_response)
        is_page = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        return page(environ, start_response) if is_page else api(environ, start_response)

    return app


if __name__ == "__main__":
    sys.exit(main())
