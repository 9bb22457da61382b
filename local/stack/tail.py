"""Prints and follows log files, with the service's name before each line."""

import sys
import time
from pathlib import Path
from typing import BinaryIO

from local.processes.logs import last_lines

POLL_S = 0.2


def show(files: dict[str, Path], lines: int, follow: bool) -> None:
    """Print the last `lines` of each file; with `follow` also each line that is added, until Ctrl-C."""
    positions = {name: file.stat().st_size for name, file in files.items() if file.is_file()}
    for name, file in files.items():
        _write(name, last_lines(file, lines))
    while follow:
        for name, file in files.items():
            if file.is_file():
                positions[name] = _show_new(name, file, positions.get(name, 0))
        time.sleep(POLL_S)


def _show_new(name: str, file: Path, position: int) -> int:
    with file.open("rb") as log:
        if file.stat().st_size < position:  # the file was rotated
            position = 0
        log.seek(position)
        _write(name, _whole_lines(log))
        return log.tell()


def _whole_lines(log: BinaryIO) -> list[str]:
    """Read the complete lines from the position on, and set the position after them."""
    start, data = log.tell(), log.read()
    end = data.rfind(b"\n") + 1
    log.seek(start + end)
    return data[:end].decode(errors="replace").splitlines()


def _write(name: str, lines: list[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{name:<10} | {line}\n")
    sys.stdout.flush()
