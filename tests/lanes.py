"""Which tests run one after another in the same worker when `pytest -n` runs groups of tests side by side.

A lane is a module. Modules whose tests share a costly fixture make one lane together, so that a shop or a
browser is started once. The longest lanes come first, for nobody waits for the short ones at the end.
"""

from typing import Any

import pytest

# folders and modules whose tests share what they start, or that are long; in the order in which they begin
LANES = (
    "tests/containers/test_rehearsal.py",
    "tests/browser",
    "tests/api/test_faults.py",  # long, and hardly ever busy
    "tests/infra/test_mistakes.py",
    "tests/infra/test_deployed.py",
    "tests/containers/test_compose_up.py",
    "tests/containers/test_commands.py",
    "tests/api/test_outages.py",
    "tests/api/chaos",
    "tests/api/labs",
    "tests/api/processes/test_shop.py",
    "tests/api/console",
    "tests/api/xray",
    "tests/api/processes",
    "tests/api/cloudwatch",
    "tests/rules",
    "tests/api",
)
# This worker gets the first lane, a rehearsal whose shoppers may lose no request: the others step back
FIRST_WORKER, NICENESS = "gw0", 10


def lane(node_id: str) -> str:
    """The lane of a test: the first entry of LANES that holds it, else its module."""
    module = node_id.split("::")[0]
    return next((entry for entry in LANES if f"{module}/".startswith(f"{entry}/")), module)


def rank(node_id: str) -> int:
    """The place of a test's lane in the order of their beginnings."""
    name = lane(node_id)
    return LANES.index(name) if name in LANES else len(LANES)


def scheduler(config: pytest.Config, log: object) -> object:
    """Distribute whole lanes to workers, in the order in which the tests were collected."""
    from xdist.scheduler import LoadScopeScheduling  # only where `pytest -n` is asked for

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            """Leave the first lane to the first worker, whichever of them is ready before the others."""
            begins = next(iter(self.workqueue)) == LANES[0]
            skips = begins and node.gateway.id != FIRST_WORKER and len(self.workqueue) > 1
            if skips:
                self.workqueue.move_to_end(LANES[0])
            super()._assign_work_unit(node)
            if skips:
                self.workqueue.move_to_end(LANES[0], last=False)

    config.option.loadscopereorder = False
    return Lanes(config, log)
