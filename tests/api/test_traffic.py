"""Shoppers in a real shop: as fast as asked, for as long as asked, and honest about what failed."""

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest
import requests

from tests.ports import free_port
from tests.shop import CLEAN, ROOT, running
from tests.waiting import wait_until

PYTHON = Path(sys.prefix) / "traffic" / "bin" / "python"
KINDS = ("its style", "one lantern", "order", "the page", "the shelf")


@contextmanager
def begun(target, **environ):
    """Shoppers under way; ended with their test."""
    environ = {**CLEAN, "PYTHONPATH": str(ROOT), "TARGET_URL": target, **environ}
    command = [PYTHON, "-m", "local.traffic"]
    with subprocess.Popen(command, env=environ, cwd=ROOT, text=True, stdout=PIPE, stderr=PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def shoppers(target, **environ):
    """Exit code and what was printed."""
    with begun(target, **environ) as process:
        printed, complaints = process.communicate(timeout=60)
        return process.returncode, printed + complaints


def counts(printed):
    """Requests and failures of each row of the table."""
    rows = re.findall(r"^(\w[\w ]*?) +(\d+) +(\d+) +[\d.]+ +\d+ +\d+ +\d+$", printed, re.M)
    return {name: (int(requests), int(failures)) for name, requests, failures in rows}


def on_the_shelf(shop):
    """How many lanterns there are altogether."""
    return sum(
        product["stock"] for product in requests.get(f"{shop.url}/api/products", timeout=5).json()["products"]
    )


def test_shoppers_keep_their_pace_do_what_shoppers_do_and_their_orders_are_there(shop):
    before = on_the_shelf(shop)

    code, printed = shoppers(shop.url, RATE="40", SECONDS="6")

    rows = counts(printed)
    assert code == 0, printed
    assert rows["all"][0] == pytest.approx(240, rel=0.1)
    assert rows["all"][1] == 0
    assert set(KINDS) <= rows.keys()
    assert re.search(r"5 of 6 s +\d+ requests +0 failed", printed)
    assert on_the_shelf(shop) < before


def test_shoppers_order_what_is_there_and_look_when_all_is_sold(shop):
    set_stock(shop, 2)
    pieces, before = on_the_shelf(shop), len(shop["orders"].lines())

    code, printed = shoppers(shop.url, RATE="60", SECONDS="5")

    placed = [line["status"] for line in shop["orders"].lines()[before:] if line.get("route") == "/orders"]
    assert code == 0, printed
    assert 0 < placed.count(201) <= pieces
    assert set(placed) <= {200, 201}, "no order is refused for want of stock"


def test_deliveries_come_while_shoppers_buy_and_once_more_at_the_end(shop):
    set_stock(shop, 2)
    command = [sys.executable, "-m", "services.catalog.seed", "--fill-up", "--every", "0.1"]
    with subprocess.Popen(command, env=shop["catalog"].environ, cwd=ROOT) as deliveries:
        try:
            wait_until(lambda: on_the_shelf(shop) > 1000, 20, "the first delivery")
            set_stock(shop, 2)
            wait_until(lambda: on_the_shelf(shop) > 1000, 20, "the next delivery")
            set_stock(shop, 2)
            deliveries.terminate()
            assert deliveries.wait(20) == 0
        finally:
            deliveries.kill()

    assert on_the_shelf(shop) > 1000


def set_stock(shop, pieces):
    """Leave so many pieces of each lantern."""
    for product in requests.get(f"{shop.url}/api/products", timeout=5).json()["products"]:
        shop.client("dynamodb").update_item(
            TableName="lantern-products",
            Key={"sku": {"S": product["sku"]}},
            UpdateExpression="SET stock = :pieces",
            ExpressionAttributeValues={":pieces": {"N": str(pieces)}},
        )


def test_what_fails_is_counted_explained_and_the_exit_code(tmp_path):
    with running(tmp_path, FAULTS="on") as shop:
        requests.put(f"{shop['catalog'].url}/faults", json={"error_share": 0.5}, timeout=5)
        code, printed = shoppers(shop.url, RATE="20", SECONDS="3")

    sent, failed = counts(printed)["all"]
    assert code == 1
    assert 0 < failed < sent
    assert re.search(r"\d+ times .*50\d .*Root=1-", printed)


def test_an_interrupt_ends_in_order_and_shows_what_was_counted(shop):
    before = len(shop["storefront"].lines())
    with begun(shop.url, RATE="20", SECONDS="600") as process:
        wait_until(lambda: len(shop["storefront"].lines()) > before + 20, 20, "twenty requests were answered")
        process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=20)

    assert process.returncode == 0, printed + complaints
    assert counts(printed)["all"][0] > 10
    assert "Interrupted; so far:" in complaints


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"RATE": "fast"}, "RATE='fast'"),
        ({"RATE": "0"}, "RATE='0'"),
        ({"RATE": "201"}, "from 0.001 to 200"),
        ({"SECONDS": "4000"}, "SECONDS='4000'"),
        ({"TARGET_URL": "http://shop.example.com"}, "TARGET_URL"),
    ],
)
def test_a_wrong_variable_is_named_and_nothing_begins(environ, named):
    code, printed = shoppers(
        **{"target": "http://127.0.0.1:9", **environ}
        if "TARGET_URL" not in environ
        else {"target": environ["TARGET_URL"]}
    )

    assert code == 2
    assert named in printed


def test_without_a_shop_it_says_how_to_start_one():
    code, printed = shoppers(f"http://127.0.0.1:{free_port()}")

    assert code == 2
    assert "make up" in printed
