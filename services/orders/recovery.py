"""Gives back the stock of orders that were begun and never finished, e.g. because the process was killed.

Runs in every orders process. The process that claims an attempt first, by a conditional write, gives its
stock back; twice does no harm, for the catalog returns a reservation's stock once.
"""

import logging
import random
import threading
import time

from botocore.exceptions import ClientError

from services import tracing
from services.common import http
from services.common.problems import DependencyDown
from services.orders.catalog_client import Catalog
from services.orders.table import OrderTable, State

log = logging.getLogger(__name__)

ABANDONED_AFTER_S = 3.0  # longer than any request lives; with EVERY_S stock is back within 5 s
EVERY_S = 1.0
DEADLINE_MS = 5_000


def start(table: OrderTable, catalog: Catalog) -> None:
    """Look for abandoned orders every second, in a thread that ends with the process."""
    threading.Thread(target=_keep_looking, args=(table, catalog), daemon=True, name="recovery").start()


def recover(table: OrderTable, catalog: Catalog, older_than_s: float = ABANDONED_AFTER_S) -> int:
    """Cancel every abandoned attempt and give its stock back; returns how many. Raises DependencyDown."""
    cancelled = 0
    with tracing.untraced():
        abandoned = table.abandoned(older_than_s)
    for attempt, touched_at in abandoned:
        if attempt.state is State.PENDING:
            with tracing.untraced():
                is_claimed = table.start_cancelling(attempt, touched_at)
            if not is_claimed:
                continue
        with tracing.background_segment("orders", order_id=attempt.order_id):
            catalog.release(attempt.reservation_id)
            table.finish_cancelling(attempt)
            log.warning("gave back the stock of %s, which was begun and never finished", attempt.order_id)
        cancelled += 1
    return cancelled


def _keep_looking(table: OrderTable, catalog: Catalog) -> None:
    while True:
        time.sleep(EVERY_S * random.uniform(0.7, 1.0))  # noqa: S311  so that many tasks do not ask at once
        http.start_deadline(DEADLINE_MS)
        try:
            recover(table, catalog)
        except (DependencyDown, ClientError) as error:
            log.debug("could not look for abandoned orders: %s", error)
        except Exception:  # outermost edge: this thread must not end
            log.exception("looking for abandoned orders failed")
