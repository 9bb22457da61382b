"""Adds the shop's lanterns to the table: `python -m services.catalog.seed`. Those that exist are left alone.

With --fill-up their stock is raised to what it was at first; with --every, again and again, and once more
when a signal ends it, so that whoever sends shoppers leaves a full shelf.
"""

import argparse
import json
import logging
import logging.config
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from services.catalog.settings import Settings
from services.catalog.table import ProductTable
from services.common import http, logs
from services.common.problems import DependencyDown
from services.schemas import Product
from settings import SettingsError, load

log = logging.getLogger("services.seed")

PRODUCTS = Path(__file__).with_name("products.json")
DEADLINE_MS = 30_000
ATTEMPTS, PAUSE_S = 5, 0.5


def seed(table: ProductTable) -> int:
    """Add each product of products.json that the table lacks; returns how many were added."""
    http.start_deadline(DEADLINE_MS)
    return sum(_patiently(table.add_product, product) for product in _products())


def fill_up(table: ProductTable) -> int:
    """Raise each product's stock to that of products.json; returns how many were below."""
    http.start_deadline(DEADLINE_MS)
    return sum(_patiently(table.fill_up, product) for product in _products())


def keep_full(table: ProductTable, every_s: float) -> None:
    """Fill up every `every_s` seconds until SIGTERM or SIGINT, or until whoever started this is gone.

    Raises DependencyDown where the last time fails; before that, what fails is logged and tried again.
    """
    ended, parent = threading.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(every_s) and os.getppid() == parent:
        try:
            fill_up(table)
        except DependencyDown as error:
            log.warning("cannot fill up: %s; tries again in %g s", error.detail, every_s)
    fill_up(table)


def _patiently(change: Callable[[Product], bool], product: Product) -> bool:
    """Repeat a change while DynamoDB is down: on a busy machine the timeouts of a request are too short."""
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_fixed(PAUSE_S),
        retry=retry_if_exception_type(DependencyDown),
        reraise=True,
    )
    return attempts(change, product)


def _products() -> list[Product]:
    return [Product.model_validate(entry) for entry in json.loads(PRODUCTS.read_text())]


def main() -> int:
    """Seed the table. Exit code 0 when it has every product, 1 when DynamoDB is down, 2 on wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m services.catalog.seed", description=__doc__)
    parser.add_argument("--fill-up", action="store_true", help="raise the stock of products that were sold")
    parser.add_argument(
        "--every", type=float, default=0, metavar="SECONDS", help="with --fill-up: go on until a signal"
    )
    options = parser.parse_args()
    logging.config.dictConfig(logs.config("catalog", os.environ.get("SERVICE_VERSION", "dev"), "INFO"))
    try:
        table = ProductTable(load(Settings).products_table)
        added, filled = seed(table), fill_up(table) if options.fill_up else 0
        if options.fill_up and options.every > 0:
            keep_full(table, options.every)
    except SettingsError as error:
        log.critical("cannot seed: %s", error)
        return 2
    except DependencyDown as error:
        log.error("cannot seed: %s", error.detail)
        return 1
    log.info("%d products added, the others were there", added)
    if options.fill_up:
        log.info("%d products filled up", filled)
    return 0


if __name__ == "__main__":
    sys.exit(main())
