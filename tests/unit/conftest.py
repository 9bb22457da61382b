import pytest
from aws_xray_sdk import global_sdk_config


@pytest.fixture(scope="session", autouse=True)
def _no_tracing():
    """Unit tests send no segments, and start no pollers whose threads would outlive a test."""
    global_sdk_config.set_sdk_enabled(False)
    yield
    global_sdk_config.set_sdk_enabled(True)
