"""Forwards a process's output to the log agent, as Docker's fluentd log driver does for a container."""

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
    """Return lines as a message of the forward protocol; a `chunk` id asks for an acknowledgement."""
    record = {
        "container_id": source,
        "container_name": f"/{service}",
        SERVICE_LABEL: service,
        "source": "stdout",
    }
    entries = [[int(time.time()), {**record, "log": text}] for text in texts]
    return _packed([f"lantern.{service}", entries, {"chunk": chunk} if chunk else {}])


class Forwarder:
    """Sends lines to `address` (host:port) without making the process wait.

    At most MAX_BYTES of lines are queued; what does not fit is dropped, and the log agent is told how many
    lines.
    """

    def __init__(self, address: str, service: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port, self._service, self.source = int(port), service, ""
        self._queue: deque[tuple[str, str]] = deque()  # source and line
        self._queued_bytes = self._dropped = 0
        self._incomplete = b""  # the output after the last line end
        self._has_lines = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def write(self, chunk: bytes) -> None:
        """Queue output in pieces of any size. Needs a running event loop."""
        *lines, self._incomplete = (self._incomplete + chunk).split(b"\n")
        for line in lines:
            self._add(line)
        if len(self._incomplete) > MAX_BYTES // 8:  # no service writes such a long line
            self._add(self._incomplete)
            self._incomplete = b""
        self._has_lines.set()
        if self._task is None:
            self._task = asyncio.create_task(self._send())

    async def flush(self, within_s: float) -> None:
        """Wait until everything is sent, for `within_s` seconds at most."""
        if self._incomplete:
            self._add(self._incomplete)
            self._incomplete = b""
            self._has_lines.set()
        ends_at = time.monotonic() + within_s
        while (self._queue or self._dropped) and time.monotonic() < ends_at:
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Stop sending; what is queued is lost."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if self._queued_bytes + len(text) > MAX_BYTES:
            self._dropped += 1
            return
        self._queue.append((self.source, text))
        self._queued_bytes += len(text)

    def _burst(self) -> tuple[str, list[str]]:
        """Return the id of the process that wrote the next lines, and those lines."""
        source = self._queue[0][0] if self._queue else self.source
        same = takewhile(lambda queued: queued[0] == source, islice(self._queue, BURST))
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
        """Send bursts; lines leave the queue when the agent has acknowledged them."""
        while True:
            if not self._queue and not self._dropped:
                self._has_lines.clear()
                await self._has_lines.wait()
            source, lines = self._burst()
            dropped = self._dropped
            if dropped:
                record = {SERVICE_LABEL: self._service, "lantern_dropped": dropped}
                writer.write(_packed([f"lantern.{self._service}", int(time.time()), record]))
            writer.write(message(self._service, source, *lines, chunk="sent"))
            await reader.readexactly(len(ACKNOWLEDGED))
            for _ in lines:
                self._queued_bytes -= len(self._queue.popleft()[1])
            self._dropped -= dropped


def _packed(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


ACKNOWLEDGED = _packed({"ack": "sent"})
