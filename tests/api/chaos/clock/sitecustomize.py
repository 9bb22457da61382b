"""Sets the clock of a process back by an hour while the file CLOCK_SET_BACK exists, as time.time tells it.

Python imports this module at its start, where its folder is in PYTHONPATH.
"""

import os
import time

HOUR_S = 3600
_FILE, _time = os.environ.get("CLOCK_SET_BACK", ""), time.time


def _set_back() -> float:
    return _time() - HOUR_S * os.path.exists(_FILE)


if _FILE:
    time.time = _set_back
