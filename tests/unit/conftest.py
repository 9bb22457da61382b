import pytest
from aws_xray_sdk import global_sdk_config


@pytest.fixture(scope="package", autouse=True)
def _no_tracing():
    """Unit tests send no segments and start no pollers. Other tests in the same process may."""
    was_enabled = global_sdk_config.sdk_enabled()
    global_sdk_config.set_sdk_enabled(False)
    yield
    global_sdk_config.set_sdk_enabled(was_enabled)
