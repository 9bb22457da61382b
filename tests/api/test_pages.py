"""The commands that the pages tell people to type, typed as they stand into a shell that has nothing else."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shop import CLEAN, ROOT
from tests.waiting import wait_until

PAGES = ("README.md", "docs/x-ray.md")
EXPECTED = r"storefront|TraceSummaries|lantern-sample-everything|TransactionSearch|IndexingRule|Destination"


def commands():
    """The commands of each page in its order; a quoted argument may have several lines."""
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.S):
            for command in re.findall(r"^ *(aws (?:'[^']*'|[^'\n])*)", block, re.M):
                yield pytest.param(page, command, id=" ".join(command.split()[1:3]))


@pytest.fixture(scope="module", autouse=True)
def _policy_goes_again(shop):
    """Other tests of this shop begin without the permission that a page gives to X-Ray."""
    yield
    logs = shop.client("logs")
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_resource_policy(policyName="TransactionSearch")


@pytest.mark.parametrize(("page", "command"), [*commands()])
def test_a_command_of_a_page_works_as_it_stands(shop, page, command):
    placed = shop.order(shop.add_product("lantern-of-the-page", 100), re.sub(r"\W+", "-", f"page-{command}"))
    trace_id = re.search(r"1-[0-9a-f]{8}-[0-9a-f]{24}", placed.headers["X-Amzn-Trace-Id"])[0]
    wait_until(lambda: shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"])
    exports = re.findall(r"export [^\n`]+", (ROOT / page).read_text())
    script = "\n".join([*exports, command])
    script = script.replace("http://127.0.0.1:2000", shop["xray"].url)
    script = script.replace("http://127.0.0.1:4566", shop["aws"].url)
    script = re.sub(r"1-[0-9a-f]{8}-[0-9a-f]{24}", trace_id, script)
    path = f"{Path(sys.executable).parent}:{CLEAN['PATH']}"

    def typed():
        return subprocess.run(
            ["bash", "-c", script], env=CLEAN | {"PATH": path}, capture_output=True, text=True, timeout=60
        )

    done = typed()
    if "filter-log-events" in command:  # the order's spans are on their way
        done = wait_until(lambda: "storefront" in (again := typed()).stdout and again, 20, "spans")

    assert done.returncode == 0, done.stderr
    assert re.search(EXPECTED, done.stdout)
    if "update-sampling-rule" in command:
        change = {"RuleName": "lantern-sample-everything", "FixedRate": 1.0}
        shop.client("xray").update_sampling_rule(SamplingRuleUpdate=change)
