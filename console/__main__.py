"""`python -m console`: the console on HOST:PORT, looking where boto3's own variables point."""

import sys

from waitress import serve

from console.app import create_app
from console.settings import Settings
from settings import SettingsError, load

THREADS = 8


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; exit code 2 when a variable is wrong, 1 when the port can't be had."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        print(f"The console cannot start: {error}", file=sys.stderr)
        return 2
    print(f"Console: http://{settings.host}:{settings.port}", flush=True)
    try:
        serve(create_app(settings), host=settings.host, port=settings.port, threads=THREADS, ident="console")
    except OSError as error:
        print(f"The console cannot start on {settings.host}:{settings.port}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
