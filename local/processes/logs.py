"""A child's output in a file that never grows beyond its bound."""

from pathlib import Path

MAX_BYTES = 5_000_000


class BoundedLog:
    """Appends to `file`; when that is full it becomes `file`.1, whose predecessor goes."""

    def __init__(self, file: Path, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._open = file.open("ab")

    def write(self, chunk: bytes) -> None:
        """Append; turns over at the end of a line, so that no line is in two files."""
        if self._open.tell() + len(chunk) > self._max_bytes and (end := chunk.rfind(b"\n")) >= 0:
            self._append(chunk[: end + 1])
            self._open.close()
            self._file.replace(older(self._file))
            self._open = self._file.open("ab")
            chunk = chunk[end + 1 :]
        self._append(chunk)

    def close(self) -> None:
        """No more output will come."""
        self._open.close()

    def _append(self, chunk: bytes) -> None:
        self._open.write(chunk)
        self._open.flush()


def older(file: Path) -> Path:
    """Where the lines before those of `file` are."""
    return file.with_name(file.name + ".1")


def last_lines(file: Path, count: int) -> list[str]:
    """The newest `count` lines, also over a turn of the file."""
    found: list[str] = []
    for part in (file, older(file)):
        if len(found) < count and part.is_file():
            found = part.read_text(errors="replace").splitlines()[len(found) - count :] + found
    return found
