import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.ministack import garbage


class Item:
    """An object that a weak reference can point to."""


@pytest.fixture(autouse=True)
def _thaw():
    yield
    gc.unfreeze()


def frozen_after(seconds):
    async def live():
        task = asyncio.create_task(garbage.freeze_periodically(0.01))
        await asyncio.sleep(seconds)
        task.cancel()

    with ThreadPoolExecutor(1) as pool:  # other tests leave an event loop in this thread
        pool.submit(asyncio.run, live()).result()


def is_walked(item):
    return any(walked is item for walked in gc.get_objects())


def test_a_frozen_object_is_not_walked_again():
    kept = Item()
    assert is_walked(kept)

    frozen_after(0.1)

    assert not is_walked(kept)


def test_a_frozen_object_is_freed_when_nothing_refers_to_it():
    kept = Item()
    watched = weakref.ref(kept)
    frozen_after(0.1)

    del kept

    assert watched() is None
