"""The reader of `--events`: a file of EventBridge envelopes, one JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dora.errors import InputError, SourceError
from dora.readers import eventbridge
from dora.records import History


def read(path: Path) -> History:
    """The history of a file's events. Raises InputError naming file and line, SourceError without a file."""
    return eventbridge.read(_events(path))


def _events(path: Path) -> Iterator[Any]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _event(path, number, line)
    except OSError as error:
        raise SourceError(f"--events {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8: {error.reason} at byte {error.start}") from None


def _event(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}, line {number}: expected one JSON object a line: {error}") from None
