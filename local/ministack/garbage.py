"""Spares the garbage collector what has been here for a while.

A full collection walks every item, log event and metric point that the local AWS holds, and nobody is
answered meanwhile: for seconds, once it holds enough. What is frozen is walked no more; it is still freed
when nothing refers to it, and only what refers to itself would stay.
"""

import asyncio
import gc

INTERVAL_S = 60.0
YOUNG = 1  # the generations that are collected first, so that little of it is frozen


async def freeze_now_and_then(interval_s: float = INTERVAL_S) -> None:
    """Until it is cancelled."""
    while True:
        await asyncio.sleep(interval_s)
        gc.collect(YOUNG)
        gc.freeze()
