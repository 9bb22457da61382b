"""The store of the local X-Ray: one SQLite file, written by one thread and read by any."""

from pathlib import Path

from local.xray.storage.reader import Reader
from local.xray.storage.writer import Writer


class Store:
    """Opens the file in `folder` and starts the writer's thread."""

    def __init__(self, folder: Path, max_mb: int = 256, max_age_h: int = 168) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "x-ray.sqlite"
        self.writer = Writer(file, max_bytes=max_mb * 1_000_000, max_age_s=max_age_h * 3600)
        self.reader = Reader(file, self.writer)

    def close(self) -> None:
        """Write the queued documents and stop the writer's thread."""
        self.writer.close()
