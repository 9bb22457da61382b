"""The forward protocol, which Docker's fluentd log driver and FireLens speak: msgpack over TCP.

https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
"""

import gzip
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgpack

MAX_MESSAGE_BYTES = 16_000_000


class ProtocolError(Exception):
    """The bytes of a connection are not the forward protocol."""


@dataclass(frozen=True, slots=True)
class Event:
    """One record and when its sender got it, in epoch seconds."""

    time_s: float
    record: dict[str, Any]


class Decoder:
    """Turns the bytes of one connection into messages."""

    def __init__(self) -> None:
        self._unpacker = _unpacker()

    def messages(self, data: bytes) -> Iterator[tuple[list[Event], str]]:
        """Yield the events of each complete message and the chunk id that it wants acknowledged, or "".

        Raises ProtocolError.
        """
        try:
            self._unpacker.feed(data)
            for message in self._unpacker:
                yield _events(message), _chunk(message)
        except (ValueError, TypeError, OSError, EOFError, msgpack.UnpackException) as error:
            raise ProtocolError(str(error)) from None


def acknowledgement(chunk: str) -> bytes:
    """Return the answer that acknowledges a chunk."""
    packed: bytes = msgpack.packb({"ack": chunk})
    return packed


def _events(message: Any) -> list[Event]:
    """Of a message in any of the three modes: one event, a list of entries, or packed entries."""
    if not isinstance(message, list) or len(message) < 2:
        raise ProtocolError("expected [tag, time, record] or [tag, entries]")
    entries = message[1]
    if isinstance(entries, bytes | str):
        entries = _unpacked(entries, message[2] if len(message) > 2 else None)
    elif not isinstance(entries, list):
        entries = [message[1:3]]
    return [_event(entry) for entry in entries]


def _event(entry: Any) -> Event:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[1], dict):
        raise ProtocolError("expected [time, record]")
    when = entry[0]
    return Event(float(when) if isinstance(when, int | float) else time.time(), entry[1])


def _unpacked(packed: bytes | str, option: Any) -> list[Any]:
    raw = packed if isinstance(packed, bytes) else packed.encode("utf-8", "surrogateescape")
    if isinstance(option, dict) and option.get("compressed") == "gzip":
        raw = gzip.decompress(raw)
    inner = _unpacker()
    inner.feed(raw)
    return list(inner)


def _chunk(message: list[Any]) -> str:
    option = message[-1]
    return str(option["chunk"]) if len(message) > 2 and isinstance(option, dict) and "chunk" in option else ""


def _unpacker() -> Any:
    return msgpack.Unpacker(
        raw=False,
        unicode_errors="surrogateescape",
        strict_map_key=False,
        ext_hook=_event_time,
        max_buffer_size=MAX_MESSAGE_BYTES,
    )


def _event_time(code: int, data: bytes) -> float:
    """EventTime: seconds and nanoseconds."""
    if code != 0 or len(data) != 8:
        raise ProtocolError(f"unknown extension {code}")
    seconds, nanoseconds = struct.unpack(">II", data)
    return float(seconds + nanoseconds / 1e9)
