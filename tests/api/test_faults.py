"""Each fault of the shop against each fingerprint: its own is there, no other is, and none when all is off.

Two shops are broken side by side, in one way after the other, with a few shoppers each time: one as
`make up` starts it, and one whose catalog is two tasks and a canary behind a balancer.
"""

import itertools
import random
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from local.diagnosis.evidence import Evidence, collect
from local.diagnosis.fingerprints import FINGERPRINTS, Finding, diagnose
from local.diagnosis.traces import Traces
from local.faults.bearers import Bearers
from tests.api.balanced import NEW, OLD, SECOND, BalancedShop, running_behind_a_balancer
from tests.shop import SERVICES, Shop, running
from tests.waiting import wait_until

pytestmark = [pytest.mark.requires("haproxy"), pytest.mark.timeout(420)]  # mostly waiting

SECONDS, RATE = 4.5, 14.0
ARRIVES_WITHIN_S = 30.0  # on a busy machine; a second on an idle one
STOCK = 1000  # of each product
SETTLED_WITHIN_S = 20.0
CANARY_PERCENT = 30  # enough that each version has as many requests as a fingerprint wants
OFF, OFF_AGAIN = "off", "off again"
SAMPLED_TRACES = 60  # two minutes of ten requests a second at 5 %


@dataclass(frozen=True)
class Row:
    """What is on while shoppers come: a fault, and its degree where that is not the usual one."""

    title: str
    fault: str = ""
    percent: float = 0.0
    has_canary: bool = False
    bearers: tuple[str, ...] = (OLD, SECOND, NEW)  # of the catalog's tasks, where it has several

    @property
    def expected(self) -> set[str]:
        return {self.fault} - {""}


SWITCHES = [name for name in FINGERPRINTS if name not in ("sick-task", "bad-release")]
PLAIN = [
    Row(OFF),
    *(Row(name, name) for name in SWITCHES),
    Row("slow-dependency, 100 %", "slow-dependency", 100.0),
    Row("retry-storm, 20 %", "retry-storm", 20.0),
    Row(OFF_AGAIN),
]
BALANCED = [
    Row("a canary", has_canary=True),
    *(Row(f"{name}, a canary", name, has_canary=True) for name in SWITCHES if name != "leak"),
    Row("leak, a canary", "leak", 100.0, has_canary=True),  # a third of the requests for each process
    Row("sick-task", "sick-task", bearers=(SECOND,)),
    Row("sick-task, a canary", "sick-task", has_canary=True, bearers=(SECOND,)),
    Row("bad-release", "bad-release", has_canary=True),
]


@dataclass
class Played:
    """What was seen while each fault was on, and what became of the orders."""

    shop: Shop
    evidence: dict[Row, Evidence] = field(default_factory=dict)
    latencies_s: dict[str, list[float]] = field(default_factory=dict)
    sent: int = 0
    placed: list[str] = field(default_factory=list)  # ids of the orders that were acknowledged


@pytest.fixture(scope="module", name="shops")
def _shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, BalancedShop]]:
    with (
        running(tmp_path_factory.mktemp("plain"), "logs", FAULTS="on") as plain,
        running_behind_a_balancer(tmp_path_factory.mktemp("balanced"), "logs", FAULTS="on") as balanced,
    ):
        for shop in (plain, balanced):
            fill_shelf(shop)
        yield plain, balanced


@pytest.fixture(scope="module", name="played")
def _played(shops: tuple[Shop, BalancedShop]) -> tuple[Played, Played]:
    """Break both shops in every way, one after the other, side by side."""
    with ThreadPoolExecutor(2) as players:
        plain = players.submit(play, shops[0], PLAIN)
        balanced = players.submit(play, shops[1], BALANCED)
        return plain.result(), balanced.result()


def fill_shelf(shop: Shop) -> None:
    for sku in stock_of(shop):
        shop.client("dynamodb").update_item(
            TableName="lantern-products",
            Key={"sku": {"S": sku}},
            UpdateExpression="SET stock = :stock",
            ExpressionAttributeValues={":stock": {"N": str(STOCK)}},
        )


def play(shop: Shop, rows: list[Row]) -> Played:
    """Send shoppers under each fault, and look at what it left while the next one begins."""
    played = Played(shop)
    looks = {}
    with ThreadPoolExecutor(2) as lookers:
        for row in rows:
            if isinstance(shop, BalancedShop) and shop.balancer is not None:
                shop.balancer.give(CANARY_PERCENT if row.has_canary else 0)
            began = time.time()
            switch_on(shop, row)
            shop_for(shop, played, row)
            ended = time.time()
            for bearers in bearers_of(shop):
                bearers.switch_off()
            looks[row] = lookers.submit(seen, shop, row, began, ended)
        played.evidence = {row: look.result() for row, look in looks.items()}
    return played


def bearers_of(shop: Shop) -> list[Bearers]:
    """All parts that bear faults; once with each task where the catalog has several."""
    addresses = {name: f"{shop[name].url}/faults" for name in SERVICES}
    addresses["aws"] = f"{shop['aws'].url}/_lantern/faults"
    if not isinstance(shop, BalancedShop):
        return [Bearers(addresses)]
    return [Bearers({**addresses, "catalog": shop.faults_of(task)}) for task in (OLD, SECOND, NEW)]


def switch_on(shop: Shop, row: Row) -> None:
    if row.fault == "bad-release":
        assert isinstance(shop, BalancedShop)
        requests.put(shop.faults_of(NEW), json={"error_share": 0.8}, timeout=5).raise_for_status()
        return
    details: dict[str, Any] = {"name": row.fault} | ({"percent": row.percent} if row.percent else {})
    for task, bearers in zip((OLD, SECOND, NEW), bearers_of(shop), strict=False):
        if row.fault and task in row.bearers:
            named = "catalog" if row.fault == "sick-task" else ""
            bearers.switch_on(bearers.choose(row.fault, named), details, 300)


def scan(shop: Shop, table: str) -> list[dict[str, Any]]:
    pages = shop.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def stock_of(shop: Shop) -> dict[str, int]:
    items = scan(shop, "lantern-products")
    return {item["sku"]["S"]: int(item["stock"]["N"]) for item in items if "shelf" in item}


def shop_for(shop: Shop, played: Played, row: Row) -> None:
    """Send RATE requests a second, whether they are answered or not: the shelf, a product, an order."""
    skus = sorted(stock_of(shop))[:5]
    kinds = itertools.cycle(("shelf", "order", "product", "order"))
    pending: list[Future[float]] = []
    with ThreadPoolExecutor(32) as visitors:
        for n in range(int(SECONDS * RATE)):
            pending.append(visitors.submit(visit, shop, next(kinds), skus[n // 2 % len(skus)], played))
            time.sleep(1 / RATE)
    played.latencies_s[row.title] = [visit_.result() for visit_ in pending]


def visit(shop: Shop, kind: str, sku: str, played: Played) -> float:
    """Make one request; returns how long it took, in seconds."""
    began = time.monotonic()
    if kind == "order":
        played.sent += 1
        answer = shop.order(sku, uuid.uuid4().hex)
        if answer.status_code == 201:
            played.placed.append(answer.json()["order_id"])
    else:
        path = "/api/products" if kind == "shelf" else f"/api/products/{sku}"
        requests.get(shop.url + path, timeout=30)
    return time.monotonic() - began


def seen(shop: Shop, row: Row, began: float, ended: float) -> Evidence:
    """The evidence of that time, as soon as it has what is expected of it."""
    until = time.monotonic() + ARRIVES_WITHIN_S
    while True:
        evidence = collect(shop.client("xray"), shop.client("logs"), began, ended)
        if row.expected <= set(diagnose(evidence)) or time.monotonic() > until:
            return evidence
        time.sleep(0.5)


def table(findings: dict[str, dict[str, Finding]]) -> str:
    width = max(map(len, findings))
    lines = [" " * width + "  " + "  ".join(FINGERPRINTS)]
    for row, columns in findings.items():
        cells = "  ".join(("x" if name in columns else ".").center(len(name)) for name in FINGERPRINTS)
        lines.append(f"{row:<{width}}  {cells}")
    return "\n".join(lines)


def test_each_fault_leaves_its_own_mark_and_no_other(played: tuple[Played, Played]) -> None:
    evidence = {row: entry for part in played for row, entry in part.evidence.items()}
    findings = {row.title: diagnose(entry) for row, entry in evidence.items()}
    print(table(findings))
    for row, columns in findings.items():
        for name, finding in columns.items():
            print(f"{row}: {name}: {finding.text}")

    shown = {row: set(columns) for row, columns in findings.items()}

    assert shown == {row.title: row.expected for row in (*PLAIN, *BALANCED)}


def test_a_mark_is_still_there_with_one_trace_of_twenty(played: tuple[Played, Played]) -> None:
    """As many traces as two minutes leave at 5 %, drawn from those of a few seconds at 100 %."""
    draw = random.Random(7)
    missing = []
    for row, entry in ((row, entry) for part in played for row, entry in part.evidence.items()):
        if row.percent in (0.0, 100.0) and not diagnose(thinned(entry, draw)).keys() >= row.expected:
            missing.append(row.title)

    assert missing == []


def thinned(evidence: Evidence, draw: random.Random) -> Evidence:
    ids = sorted({segment.trace_id for segment in evidence.traces.segments})
    drawn = Counter(draw.choices(ids, k=SAMPLED_TRACES))
    segments = [segment for segment in evidence.traces.segments for _ in range(drawn[segment.trace_id])]
    return Evidence(Traces(segments), evidence.memory)


def test_no_stock_is_lost_and_no_order_is_there_twice(played: tuple[Played, Played]) -> None:
    assert sum(part.sent for part in played) >= 500

    for part in played:
        assert len(part.placed) > part.sent / 3
        wait_until(lambda part=part: not unsettled(part.shop), SETTLED_WITHIN_S, "all orders are settled")
        orders = [item for item in scan(part.shop, "lantern-orders") if item["state"]["S"] == "confirmed"]
        sold: Counter[str] = Counter()
        for order in orders:
            for line in order["items"]["L"]:
                sold[line["M"]["sku"]["S"]] += int(line["M"]["quantity"]["N"])
        assert len(set(part.placed)) == len(part.placed)
        assert set(part.placed) <= {order["order_id"]["S"] for order in orders}
        assert stock_of(part.shop) == {sku: STOCK - sold[sku] for sku in stock_of(part.shop)}


def unsettled(shop: Shop) -> set[str]:
    return {item["state"]["S"] for item in scan(shop, "lantern-orders")} - {"confirmed", "cancelled"}


def test_with_everything_off_the_shop_is_as_before(played: tuple[Played, Played]) -> None:
    plain = played[0]
    before, after = (statistics.median(plain.latencies_s[title]) for title in (OFF, OFF_AGAIN))

    assert after < 3 * before + 0.05, "the least of the delays is 0.2 s for half of the requests"
    for part in played:
        part.shop.wait_ready()
        assert [active for bearers in bearers_of(part.shop) for active in bearers.active()] == []
        for sku in stock_of(part.shop):
            assert requests.get(f"{part.shop.url}/api/products/{sku}", timeout=5).status_code == 200


def test_a_fault_is_kept_over_a_restart_of_who_bears_it(
    played: tuple[Played, Played], shops: tuple[Shop, BalancedShop]
) -> None:
    shop = shops[0]
    (bearers,) = bearers_of(shop)
    for name in ("slow-dependency", "throttled-table"):
        bearers.switch_on(bearers.choose(name, ""), {"name": name}, 300)

    shop["catalog"].stop()
    shop.restart("catalog")

    (bearers,) = bearers_of(shop)
    assert [fault.name for fault in bearers.active()] == ["slow-dependency", "throttled-table"]
    bearers.switch_off()
    assert bearers_of(shop)[0].active() == []
