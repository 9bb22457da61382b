import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.ministack import garbage


class Item:
    """Something that can be watched."""


@pytest.fixture(autouse=True)
def _thaw():
    yield
    gc.unfreeze()


def frozen_after(seconds):
    async def live():
        task = asyncio.create_task(garbage.freeze_now_and_then(0.01))
        await asyncio.sleep(seconds)
        task.cancel()

    with ThreadPoolExecutor(1) as pool:  # other tests leave an event loop in this thread
        pool.submit(asyncio.run, live()).result()


def test_what_stays_is_walked_no_more():
    kept = [Item()]
    assert any(one is kept[0] for one in gc.get_objects())

    frozen_after(0.1)

    assert not any(one is kept[0] for one in gc.get_objects())


def test_what_is_frozen_is_freed_when_nothing_refers_to_it():
    kept = Item()
    watched = weakref.ref(kept)
    frozen_after(0.1)

    del kept

    assert watched() is None
