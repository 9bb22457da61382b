"""Log files of a bounded size."""

from pathlib import Path

MAX_BYTES = 5_000_000


class BoundedLog:
    """Appends to `file`, which becomes `file`.1 when it has `max_bytes`; an older `file`.1 is replaced."""

    def __init__(self, file: Path, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._open = file.open("ab")

    def write(self, chunk: bytes) -> None:
        """Append output; the file is rotated at the end of a line, so that no line is split."""
        if self._open.tell() + len(chunk) > self._max_bytes and (end := chunk.rfind(b"\n")) >= 0:
            self._append(chunk[: end + 1])
            self._open.close()
            self._file.replace(rotated(self._file))
            self._open = self._file.open("ab")
            chunk = chunk[end + 1 :]
        self._append(chunk)

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def _append(self, chunk: bytes) -> None:
        self._open.write(chunk)
        self._open.flush()


def rotated(file: Path) -> Path:
    """Return the path of the file with the lines before those of `file`."""
    return file.with_name(file.name + ".1")


def last_lines(file: Path, count: int) -> list[str]:
    """Return the newest `count` lines of `file` and, where that has fewer, of the rotated file."""
    lines: list[str] = []
    for part in (file, rotated(file)):
        if len(lines) < count and part.is_file():
            lines = part.read_text(errors="replace").splitlines()[len(lines) - count :] + lines
    return lines
