"""Keeps a program running beside something else, and ends it with that."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def beside(
    command: list[str], folder: Path, environ: Mapping[str, str], output: IO[bytes] | int, stop_s: float
) -> Iterator[None]:
    """Run a command in a folder during the block; `output` is a file, or subprocess.DEVNULL.

    At the end it gets SIGTERM and, `stop_s` seconds later, SIGKILL.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches this process alone, which ends it
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(stop_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
