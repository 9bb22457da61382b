"""The job that fills the shelf, on a DynamoDB that answers late."""

import pytest

from services.catalog import seed as module
from services.catalog.seed import ATTEMPTS, seed
from services.common.problems import DependencyDown


class Table:
    """Fails `failures` times, then takes every product."""

    def __init__(self, failures):
        self.calls, self._failures = 0, failures

    def add_product(self, product):
        self.calls += 1
        if self.calls <= self._failures:
            raise DependencyDown("dynamodb")
        return True


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_S", 0)


def test_a_product_that_dynamodb_was_too_busy_for_is_added_after_all():
    table = Table(failures=ATTEMPTS - 1)

    assert seed(table) == table.calls - (ATTEMPTS - 1) == 12


def test_a_dynamodb_that_stays_down_ends_the_job():
    table = Table(failures=1000)

    with pytest.raises(DependencyDown):
        seed(table)

    assert table.calls == ATTEMPTS
