"""`python -m local.cloudwatch`: takes log lines on HOST:LOGS_PORT and delivers them to CloudWatch."""

import asyncio
import contextlib
import logging
import signal
import sys

import boto3
from botocore.config import Config

from local.cloudwatch.delivery import Delivery
from local.cloudwatch.forward import Decoder, ProtocolError, acknowledgement
from local.cloudwatch.lines import DROPPED, Assembler, group_of
from local.cloudwatch.settings import Settings
from settings import SettingsError, load

log = logging.getLogger("local.cloudwatch")
STOP_S = 8.0
CONFIG = Config(
    connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 1}, max_pool_connections=10
)


class Receiver:
    """Answers the connections of log drivers."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._assembler = Assembler()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one connection to its end; what is not the protocol ends it."""
        decoder = Decoder()
        try:
            while data := await reader.read(262_144):
                for events, chunk in decoder.messages(data):
                    for event in events:
                        if count := event.record.get(DROPPED):
                            self._delivery.lost(group_of(event.record), int(count))
                        elif line := self._assembler.line(event):
                            self._delivery.accept(line)
                    if chunk:
                        writer.write(acknowledgement(chunk))
        except (ProtocolError, ValueError) as error:
            log.warning("a connection is closed: it does not speak the forward protocol: %s", error)
        except ConnectionError as error:
            log.info("a connection broke: %s", error)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises OSError when the port can't be had."""
    delivery = Delivery(
        boto3.client("logs", config=CONFIG),
        boto3.client("cloudwatch", config=CONFIG),
        settings.max_mb * 1_000_000,
    )
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = await asyncio.start_server(Receiver(delivery).connected, settings.host, settings.port)
    delivery.start()
    log.info("taking log lines on %s:%s", settings.host, settings.port)
    await stopping.wait()
    server.close()
    await delivery.stop(STOP_S)
    for group, counts in delivery.counts().items():
        log.info("%s: %s", group, counts)


def main() -> int:
    """Exit code 2 when a variable is wrong, 1 when the port can't be had."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        settings = load(Settings)
    except SettingsError as error:
        print(f"The log agent cannot start: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        print(f"The log agent cannot listen on {where} (LOGS_PORT): {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
