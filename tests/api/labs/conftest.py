import pytest

from tests.api.labs.laptop import Laptop


@pytest.fixture(scope="package", name="laptop")
def _laptop(tmp_path_factory):
    """The shop of all labs' tests, started by the command of the first of them."""
    laptop = Laptop(tmp_path_factory.mktemp("labs"))
    try:
        with laptop.shell_variables():
            laptop.shell("make up FAULTS=on")
            (laptop.home / "labs").mkdir(exist_ok=True)
            yield laptop
    finally:
        laptop.shell("make down")
