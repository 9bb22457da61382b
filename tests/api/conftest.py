import pytest

from tests.shop import running


@pytest.fixture(scope="session", name="shop")
def _shop(tmp_path_factory):
    """One running shop for all tests that leave it whole; each test brings its own lantern and keys."""
    with running(tmp_path_factory.mktemp("shop")) as shop:
        yield shop
