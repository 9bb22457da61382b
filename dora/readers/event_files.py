"""The reader of `--events`: files of EventBridge envelopes, one JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dora.errors import InputError, SourceError
from dora.readers import eventbridge
from dora.records import History


def read(paths: Iterable[Path]) -> History:
    """The history of all files' events, as if they were one file.

    Raises InputError with a message for each line that is no JSON, SourceError where a file can't be read."""
    mistakes: list[str] = []
    history = eventbridge.read_located(event for path in paths for event in _events(path, mistakes))
    if mistakes:
        raise InputError(*mistakes)
    return history


def _events(path: Path, mistakes: list[str]) -> Iterator[tuple[str, Any]]:
    """Each event with its file and line; what is wrong with a line is added to the mistakes."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                place = f"{path}, line {number}"
                try:
                    if text := line.decode().strip():
                        yield place, json.loads(text)
                except UnicodeDecodeError as error:
                    mistakes.append(f"{place}: expected UTF-8: {error.reason} at byte {error.start + 1}")
                except (ValueError, RecursionError) as error:
                    mistakes.append(f"{place}: expected one JSON object a line: {error}")
    except OSError as error:
        raise SourceError(f"--events {path}: {error.strerror or error}") from None
