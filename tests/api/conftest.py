import pytest

from tests.shop import Shop


@pytest.fixture(scope="session", name="shop")
def _shop(tmp_path_factory):
    """One running shop for all tests that leave it whole; each test brings its own lantern and keys."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()
