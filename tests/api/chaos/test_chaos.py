"""Anything at any moment under load: kills, freezes, a full disk, a clock set back; all promises hold."""

import random
import resource
import signal
import threading
import time
from pathlib import Path

import pytest
import requests

from services.catalog.table import State as Hold
from services.orders.table import State
from tests.shop import SERVICES, running
from tests.waiting import wait_until

CLOCK = Path(__file__).parent / "clock"
SEED = 20  # another one is another order of events
START = 100_000
BUYERS = 3
FULL_AT_BYTES = 4096  # of any file: a disk that is full for whoever writes more
CANNOT_WRITE = {"aws": "cannot save DynamoDB's data", "xray": "cannot write to"}


class Buyers:
    """Order all the time, each order once, and remember which were acknowledged, in that order."""

    def __init__(self, shop, sku):
        self.acknowledged, self._shop, self._sku = [], shop, sku
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._buy, args=(n,)) for n in range(BUYERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(40)

    def _buy(self, buyer):
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                answer = self._shop.order(self._sku, f"chaos-{buyer}-{number}")
            except requests.RequestException:
                continue
            if answer.status_code == 201:
                self.acknowledged.append(answer.json()["order_id"])

    def go_on(self):
        """Wait for five more acknowledged orders."""
        before = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) >= before + 5, 30, "orders are acknowledged again")


class Chaos:
    """The events. Each leaves the shop whole, or says so by failing."""

    def __init__(self, shop, buyers, clock, chance):
        self.shop, self.buyers, self._clock, self._chance = shop, buyers, clock, chance
        self.surely_kept, self.kept_from = set(), 0

    def kill(self, name):
        """kill -9; of the local AWS when two snapshots have been written since: what was acknowledged before
        the first is in the second, as that was begun later."""
        if name == "aws":
            kept = set(self.buyers.acknowledged)
            for _ in range(2):
                self._await_snapshot()
            self.surely_kept |= kept
        self.shop[name].kill()
        self.shop[name].start()
        if name == "aws":
            wait_until(lambda: self.shop[name].answers("/_lantern/health"), 30, "the local AWS answers")
            self.kept_from = len(self.buyers.acknowledged)

    def freeze(self, name):
        self.shop[name].signal(signal.SIGSTOP)
        time.sleep(self._chance.uniform(0.3, 1.5))
        self.shop[name].signal(signal.SIGCONT)

    def fill_the_disk(self, name):
        """No file of a part may grow; it says so once, and goes on when there is room again."""
        part = self.shop[name]
        _, hard = resource.prlimit(part.process.pid, resource.RLIMIT_FSIZE)
        log = part.log.read_text()
        # its own log stays open to it, as the console of a program on a full disk would
        limit = max(FULL_AT_BYTES, 2 * part.log.stat().st_size)
        resource.prlimit(part.process.pid, resource.RLIMIT_FSIZE, (limit, hard))
        try:
            wait_until(
                lambda: CANNOT_WRITE[name] in part.log.read_text()[len(log) :],
                30,
                f"{name} says that it can't",
            )
            self.buyers.go_on()
        finally:
            resource.prlimit(part.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        if name == "aws":
            wait_until(lambda: "is saved again" in part.log.read_text()[len(log) :], 30, "it saves again")
        assert part.log.read_text()[len(log) :].count(CANNOT_WRITE[name]) == 1

    def set_the_clock_back(self):
        """While an order is under way that nobody will finish."""
        with self._frozen_catalog():
            wait_until(lambda: unfinished(self.shop), 10, "an order is under way")
            self.shop["orders"].kill()
            self._clock.touch()
        self.shop["orders"].start()

    def _frozen_catalog(self):
        return Frozen(self.shop["catalog"])

    def _await_snapshot(self):
        file = self.shop.folder / "aws-state" / "dynamodb.json"
        before = file.stat().st_mtime_ns if file.exists() else 0
        wait_until(lambda: file.exists() and file.stat().st_mtime_ns != before, 30, "a snapshot")


class Frozen:
    """A part that does nothing inside the block."""

    def __init__(self, part):
        self._part = part

    def __enter__(self):
        self._part.signal(signal.SIGSTOP)

    def __exit__(self, *_):
        self._part.signal(signal.SIGCONT)


def items(shop, table):
    pages = shop.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def unfinished(shop):
    """Orders that are neither confirmed nor cancelled."""
    states = [item["state"]["S"] for item in items(shop, "lantern-orders")]
    return [state for state in states if state not in (State.CONFIRMED, State.CANCELLED)]


def held(shop, sku):
    """How many pieces of a lantern are reserved, whoever for."""
    reservations = [
        item for item in items(shop, "lantern-products") if item.get("state", {}).get("S") == Hold.HELD
    ]
    lines = [line["M"] for item in reservations for line in item["items"]["L"]]
    return sum(int(line["quantity"]["N"]) for line in lines if line["sku"]["S"] == sku)


def sold(shop, sku):
    return len(shop.rows(sku))


@pytest.mark.timeout(240)
def test_what_was_promised_holds_whatever_happens_at_whatever_moment(tmp_path):
    chance, clock = random.Random(SEED), tmp_path / "clock-set-back"
    with running(tmp_path, "logs", PYTHONPATH=str(CLOCK), CLOCK_SET_BACK=str(clock)) as shop:
        sku = shop.add_product("lantern-in-chaos", START)
        with Buyers(shop, sku) as buyers:
            chaos = Chaos(shop, buyers, clock, chance)
            events = [(chaos.kill, name) for name in (*SERVICES, "xray", "logs", "aws")]
            events += [(chaos.freeze, name) for name in (*SERVICES, "xray", "logs", "aws")]
            events += [(chaos.fill_the_disk, name) for name in CANNOT_WRITE]
            chance.shuffle(events)
            for event, name in events:
                buyers.go_on()
                event(name)
            chaos.set_the_clock_back()
            buyers.go_on()

        def adds_up():
            pieces = sold(shop, sku)
            return not unfinished(shop) and shop.stock(sku) + pieces == START and held(shop, sku) == pieces

        wait_until(adds_up, 20, "no reservation is left, and stock and orders add up")
        kept = {row["order_id"]["S"] for row in shop.rows(sku)}
        assert chaos.surely_kept <= kept
        lost = set(buyers.acknowledged[chaos.kept_from :]) - kept
        assert lost == set(), "an order was lost though the local AWS was not killed"
        trace_goes_on(shop, sku)


def trace_goes_on(shop, sku):
    """An order's segments and log lines arrive, from all three services."""
    header = shop.order(sku, "after-the-chaos").headers["X-Amzn-Trace-Id"]
    trace_id = header.split("Root=")[1].split(";")[0]

    def on_the_map():
        traces = shop.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        return traces and all(name in str(traces) for name in SERVICES)

    def in_the_logs():
        logs, pattern = shop.client("logs"), f'"{trace_id}"'
        return all(
            logs.filter_log_events(logGroupName=f"/lantern/{name}", filterPattern=pattern)["events"]
            for name in SERVICES
        )

    wait_until(on_the_map, 20, "segments of all three services")
    wait_until(in_the_logs, 20, "log lines of all three services")
