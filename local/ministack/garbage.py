"""Freezes long-lived objects, so that the garbage collector does not walk them again.

A full collection walks every item, log event and metric point of the local AWS and can stop it for seconds.
Frozen objects are not walked; they are still freed when nothing refers to them, unless they are part of a
cycle.
"""

import asyncio
import gc

INTERVAL_S = 60.0
YOUNG = 1  # this generation and the younger one are collected first, so that little garbage is frozen


async def freeze_periodically(interval_s: float = INTERVAL_S) -> None:
    """Freeze every object that is alive, every `interval_s` seconds, until the task is cancelled."""
    while True:
        await asyncio.sleep(interval_s)
        gc.collect(YOUNG)
        gc.freeze()
