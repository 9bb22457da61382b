"""Has the lanterns delivered again that shoppers buy, so that others find a full shelf after them."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from local.processes.translation import environment
from local.stack.background import beside
from local.stack.errors import NotThere
from local.stack.site import Site

EVERY_S = 5
STOP_S = 20
COMMAND = [sys.executable, "-m", "services.catalog.seed", "--fill-up"]


@contextlib.contextmanager
def kept_full(site: Site) -> Iterator[None]:
    """Fill up the stock of all products before the block, every few seconds during it and at its end.

    Raises NotThere where the table of products does not answer.
    """
    environ = environment(site.stack.services["catalog"], site.stack, site.home / "state")
    first = subprocess.run(COMMAND, cwd=site.root, env=environ, capture_output=True, text=True, check=False)
    if first.returncode:
        last = (first.stdout.splitlines() or ["?"])[-1]
        raise NotThere(f"The stock can't be filled up: {last}")
    with beside([*COMMAND, "--every", str(EVERY_S)], site.root, environ, subprocess.DEVNULL, STOP_S):
        yield
