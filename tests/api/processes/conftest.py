import pytest

from tests.api.processes.toys import Toy


@pytest.fixture(name="toy")
def _toy(tmp_path):
    """Makes a stack of given services in a folder of its own; nothing of it outlives the test."""
    made = []

    def make(**services):
        made.append(Toy(tmp_path, **services))
        return made[-1]

    yield make
    for toy in made:
        toy.clean_up()
