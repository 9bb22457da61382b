"""What a process writes, sent on to the log agent as Docker's fluentd driver sends a container's output."""

import asyncio
import contextlib
import time
from collections import deque
from itertools import islice, takewhile
from typing import Any

import msgpack

MAX_BYTES = 8_000_000
RETRY_S = 0.5
BURST = 500  # lines in one message
SERVICE_LABEL = "com.docker.compose.service"


def message(service: str, source: str, *texts: str, chunk: str = "") -> bytes:
    """Lines of a process in the forward protocol, with Docker's names; `chunk` asks for an answer."""
    record = {
        "container_id": source,
        "container_name": f"/{service}",
        SERVICE_LABEL: service,
        "source": "stdout",
    }
    entries = [[int(time.time()), {**record, "log": text}] for text in texts]
    return _packed([f"lantern.{service}", entries, {"chunk": chunk} if chunk else {}])


class Forwarder:
    """Sends lines to `address` (host:port); never waits, and says how many lines did not fit meanwhile."""

    def __init__(self, address: str, service: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port, self._service, self.source = int(port), service, ""
        self._waiting: deque[tuple[str, str]] = deque()  # source and line
        self._waiting_bytes = self._dropped = 0
        self._rest = b""
        self._there = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def write(self, chunk: bytes) -> None:
        """Take output as it comes; needs a running event loop."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._add(line)
        if len(self._rest) > MAX_BYTES // 8:  # no line of a service's is as long as this
            self._add(self._rest)
            self._rest = b""
        self._there.set()
        if self._task is None:
            self._task = asyncio.create_task(self._send())

    async def flush(self, within_s: float) -> None:
        """Wait until everything is sent, at most `within_s`."""
        if self._rest:
            self._add(self._rest)
            self._rest = b""
            self._there.set()
        ends_at = time.monotonic() + within_s
        while (self._waiting or self._dropped) and time.monotonic() < ends_at:
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Send no more."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if self._waiting_bytes + len(text) > MAX_BYTES:
            self._dropped += 1
            return
        self._waiting.append((self.source, text))
        self._waiting_bytes += len(text)

    def _burst(self) -> tuple[str, list[str]]:
        """The next lines of one process, and its number."""
        source = self._waiting[0][0] if self._waiting else self.source
        same = takewhile(lambda one: one[0] == source, islice(self._waiting, BURST))
        return source, [text for _, text in same]

    async def _send(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection(self._host, self._port)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._send_to(reader, writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send_to(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A line leaves the queue when the agent has said that it took it."""
        while True:
            if not self._waiting and not self._dropped:
                self._there.clear()
                await self._there.wait()
            source, some = self._burst()
            dropped = self._dropped
            if dropped:
                record = {SERVICE_LABEL: self._service, "lantern_dropped": dropped}
                writer.write(_packed([f"lantern.{self._service}", int(time.time()), record]))
            writer.write(message(self._service, source, *some, chunk="sent"))
            await reader.readexactly(len(ACKNOWLEDGED))
            for _ in some:
                self._waiting_bytes -= len(self._waiting.popleft()[1])
            self._dropped -= dropped


def _packed(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


ACKNOWLEDGED = _packed({"ack": "sent"})
