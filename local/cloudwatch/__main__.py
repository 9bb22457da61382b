"""`python -m local.cloudwatch`: take log lines on HOST:LOGS_PORT and ship them to CloudWatch."""

import asyncio
import contextlib
import logging
import signal
import sys

import boto3
from botocore.config import Config

from local.cloudwatch.forward import Decoder, ProtocolError, acknowledgement
from local.cloudwatch.lines import DROPPED, Assembler, group_of
from local.cloudwatch.settings import Settings
from local.cloudwatch.shipper import Shipper
from settings import SettingsError, load

log = logging.getLogger("local.cloudwatch")
STOP_S = 8.0
CONFIG = Config(
    connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 1}, max_pool_connections=10
)


class Receiver:
    """Serves the connections of log drivers and hands their lines to the shipper."""

    def __init__(self, shipper: Shipper) -> None:
        self._shipper = shipper
        self._assembler = Assembler()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a connection to its end and acknowledge its chunks; close it when it violates the protocol."""
        decoder = Decoder()
        try:
            while data := await reader.read(262_144):
                for events, chunk in decoder.messages(data):
                    for event in events:
                        if count := event.record.get(DROPPED):
                            self._shipper.count_dropped(group_of(event.record), int(count))
                        elif line := self._assembler.line(event):
                            self._shipper.accept(line)
                    if chunk:
                        writer.write(acknowledgement(chunk))
        except (ProtocolError, ValueError) as error:
            log.warning("closing a connection that does not speak the forward protocol: %s", error)
        except ConnectionError as error:
            log.info("connection lost: %s", error)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises OSError when the port cannot be bound."""
    shipper = Shipper(
        boto3.client("logs", config=CONFIG),
        boto3.client("cloudwatch", config=CONFIG),
        settings.max_mb * 1_000_000,
    )
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = await asyncio.start_server(Receiver(shipper).serve, settings.host, settings.port)
    shipper.start()
    log.info("taking log lines on %s:%s", settings.host, settings.port)
    await stopping.wait()
    server.close()
    await shipper.stop(STOP_S)
    for group, counts in shipper.counts().items():
        log.info("%s: %s", group, counts)


def main() -> int:
    """Run the agent. Exit code 2 when a variable is wrong, 1 when the port cannot be bound."""
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
        address = f"{settings.host}:{settings.port}"
        print(f"The log agent cannot listen on {address} (LOGS_PORT): {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
