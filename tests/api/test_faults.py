"""Each fault of the shop against each fingerprint: its own is there, no other is, and none when all is off.

A shop is broken in one way after the other, with a few shoppers each time.
"""

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from local.diagnosis.evidence import collect
from local.diagnosis.fingerprints import FINGERPRINTS, Finding, diagnose
from local.faults.bearers import Bearers
from tests.shop import SERVICES, Shop, running
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(420)  # mostly waiting

SECONDS, RATE = 9.0, 10.0
ARRIVES_WITHIN_S = 30.0  # on a busy machine; a second on an idle one
OFF = "off"
STOCK = 1000  # of each product
SETTLED_WITHIN_S = 20.0
# what is switched on: the fault's name, and its degree where it is not the usual one
ROWS = {
    OFF: None,
    **{name: (name, 0.0) for name in FINGERPRINTS if name != "bad-release"},
    "slow-dependency, 100 %": ("slow-dependency", 100.0),
    "retry-storm, 20 %": ("retry-storm", 20.0),
}


@dataclass
class Rehearsal:
    """What was seen while each fault was on, and what became of the orders."""

    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    sent: int = 0
    placed: list[str] = field(default_factory=list)  # ids of the orders that were acknowledged


@pytest.fixture(scope="module", name="broken_shop")
def _broken_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running(tmp_path_factory.mktemp("faults"), "logs", FAULTS="on") as shop:
        for sku in stock_of(shop):
            shop.client("dynamodb").update_item(
                TableName="lantern-products",
                Key={"sku": {"S": sku}},
                UpdateExpression="SET stock = :stock",
                ExpressionAttributeValues={":stock": {"N": str(STOCK)}},
            )
        yield shop


@pytest.fixture(scope="module", name="rehearsal")
def _rehearsal(broken_shop: Shop) -> Rehearsal:
    """Break the shop in every way, one after the other."""
    rehearsal = Rehearsal()
    for row, fault in ROWS.items():
        bearers = bearers_of(broken_shop)
        began = time.time()
        if fault:
            name, percent = fault
            details: dict[str, Any] = {"name": name} | ({"percent": percent} if percent else {})
            bearers.switch_on(bearers.choose(name, ""), details, 300)
        shop_for(broken_shop, rehearsal)
        bearers.switch_off()
        rehearsal.findings[row] = seen(broken_shop, began, fault[0] if fault else "")
    return rehearsal


def bearers_of(shop: Shop) -> Bearers:
    addresses = {name: f"{shop[name].url}/faults" for name in SERVICES}
    return Bearers({**addresses, "aws": f"{shop['aws'].url}/_lantern/faults"})


def scan(shop: Shop, table: str) -> list[dict[str, Any]]:
    pages = shop.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def stock_of(shop: Shop) -> dict[str, int]:
    items = scan(shop, "lantern-products")
    return {item["sku"]["S"]: int(item["stock"]["N"]) for item in items if "shelf" in item}


def shop_for(shop: Shop, rehearsal: Rehearsal) -> None:
    """Send RATE requests a second, whether they are answered or not: the shelf, a product, an order."""
    skus = sorted(stock_of(shop))[:5]
    kinds = itertools.cycle(("shelf", "order", "product", "order"))
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(32) as visitors:
        for n in range(int(SECONDS * RATE)):
            pending.append(visitors.submit(visit, shop, next(kinds), skus[n // 2 % len(skus)], rehearsal))
            time.sleep(1 / RATE)
    for visit_ in pending:
        visit_.result()


def visit(shop: Shop, kind: str, sku: str, rehearsal: Rehearsal) -> None:
    if kind == "order":
        rehearsal.sent += 1
        answer = shop.order(sku, uuid.uuid4().hex)
        if answer.status_code == 201:
            rehearsal.placed.append(answer.json()["order_id"])
        return
    path = "/api/products" if kind == "shelf" else f"/api/products/{sku}"
    requests.get(shop.url + path, timeout=30)


def seen(shop: Shop, began: float, expected: str) -> dict[str, Finding]:
    """The findings since `began`, as soon as the expected one is among them."""
    until = time.monotonic() + ARRIVES_WITHIN_S
    while True:
        findings = diagnose(collect(shop.client("xray"), shop.client("logs"), began, time.time()))
        if expected in ("", *findings) or time.monotonic() > until:
            return findings
        time.sleep(0.5)


def table(findings: dict[str, dict[str, Finding]]) -> str:
    width = max(map(len, findings))
    lines = [" " * width + "  " + "  ".join(FINGERPRINTS)]
    for row, columns in findings.items():
        cells = "  ".join(("x" if name in columns else ".").center(len(name)) for name in FINGERPRINTS)
        lines.append(f"{row:<{width}}  {cells}")
    return "\n".join(lines)


def test_each_fault_leaves_its_own_mark_and_no_other(rehearsal: Rehearsal) -> None:
    print(table(rehearsal.findings))
    for row, findings in rehearsal.findings.items():
        for name, finding in findings.items():
            print(f"{row}: {name}: {finding.text}")

    shown = {row: set(findings) for row, findings in rehearsal.findings.items()}

    assert shown == {row: ({fault[0]} if fault else set()) for row, fault in ROWS.items()}


def test_no_stock_is_lost_and_no_order_is_there_twice(rehearsal: Rehearsal, broken_shop: Shop) -> None:
    assert rehearsal.sent >= 500
    assert len(rehearsal.placed) > rehearsal.sent / 3

    def unsettled() -> set[str]:
        return {item["state"]["S"] for item in scan(broken_shop, "lantern-orders")} - {
            "confirmed",
            "cancelled",
        }

    wait_until(lambda: not unsettled(), SETTLED_WITHIN_S, "every order is confirmed or cancelled")

    orders = [item for item in scan(broken_shop, "lantern-orders") if item["state"]["S"] == "confirmed"]
    sold: Counter[str] = Counter()
    for order in orders:
        for line in order["items"]["L"]:
            sold[line["M"]["sku"]["S"]] += int(line["M"]["quantity"]["N"])
    assert len(set(rehearsal.placed)) == len(rehearsal.placed)
    assert set(rehearsal.placed) <= {order["order_id"]["S"] for order in orders}
    assert stock_of(broken_shop) == {sku: STOCK - sold[sku] for sku in stock_of(broken_shop)}


def test_with_everything_off_the_shop_is_as_before(rehearsal: Rehearsal, broken_shop: Shop) -> None:
    broken_shop.wait_ready()

    assert bearers_of(broken_shop).active() == []
    for sku in stock_of(broken_shop):
        assert requests.get(f"{broken_shop.url}/api/products/{sku}", timeout=5).status_code == 200


def test_a_fault_is_kept_over_a_restart_of_who_bears_it(rehearsal: Rehearsal, broken_shop: Shop) -> None:
    bearers = bearers_of(broken_shop)
    for name in ("slow-dependency", "throttled-table"):
        bearers.switch_on(bearers.choose(name, ""), {"name": name}, 300)

    broken_shop["catalog"].stop()
    broken_shop.restart("catalog")

    assert [fault.name for fault in bearers_of(broken_shop).active()] == [
        "slow-dependency",
        "throttled-table",
    ]
    bearers.switch_off()
    assert bearers_of(broken_shop).active() == []
