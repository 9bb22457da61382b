"""Which worker runs which lane of tests."""

from types import SimpleNamespace

import pytest

from tests import lanes

TESTS = [
    "tests/containers/test_rehearsal.py::test_a",
    "tests/browser/test_dora.py::test_b",
    "tests/api/test_faults.py::test_c",
    "tests/unit/test_origins.py::test_d",
]


class Worker:
    """Stands for a worker of xdist: the tests that it was sent, by their place in the collection."""

    def __init__(self, name):
        self.gateway, self.sent = SimpleNamespace(id=name), []
        self.shutting_down = False

    def send_runtest_some(self, places):
        self.sent += places

    def shutdown(self):
        self.shutting_down = True


@pytest.mark.parametrize("ready", [("gw0", "gw1"), ("gw1", "gw0"), ("gw2", "gw1", "gw0")])
def test_the_rehearsal_is_the_first_workers_whoever_is_ready_first(pytestconfig, monkeypatch, ready):
    pytest.importorskip("xdist")
    monkeypatch.setattr(pytestconfig.option, "loadscopereorder", True, raising=False)
    monkeypatch.setattr(pytestconfig.option, "tx", [f"popen//id={name}" for name in ready], raising=False)
    scheduler = lanes.scheduler(pytestconfig, None)
    workers = [Worker(name) for name in ready]
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, TESTS)

    scheduler.schedule()

    first = next(worker for worker in workers if worker.gateway.id == lanes.FIRST_WORKER)
    assert first.sent[0] == 0
    assert all(0 not in worker.sent for worker in workers if worker is not first)
    assert {place for worker in workers for place in worker.sent} <= set(range(len(TESTS)))
