"""Placing an order, so that it happens once however often it is asked for.

1. remember the attempt (pending)   2. hold the stock at the catalog   3. confirm, if it is still pending

The order's id follows from the Idempotency-Key, and the reservation's id from the order's: a repeated request
finds what the first one left and goes on from there. An attempt that stops halfway stays pending until the
buyer repeats it or recovery.py gives its stock back.
"""

import contextlib
import hashlib

from services.common.problems import DependencyDown, KeyReused, RemoteProblem
from services.orders.catalog_client import RELEASED, Catalog
from services.orders.table import Attempt, OrderTable, State
from services.schemas import Line, Order

ATTEMPTS = 3


class _Lost(Exception):
    """Another request or the recovery changed the order meanwhile; read it again and decide anew."""


def place(table: OrderTable, catalog: Catalog, key: str, lines: list[Line]) -> tuple[Order, bool]:
    """Place the order of `key` once; returns it and whether this call did it.

    Raises KeyReused, RemoteProblem (the catalog's refusal) and DependencyDown.
    """
    order_id, fingerprint = order_id_of(key), fingerprint_of(lines)
    for _ in range(ATTEMPTS):
        with contextlib.suppress(_Lost):
            attempt = _take_up(table, order_id, fingerprint)
            if attempt.order is not None:
                return attempt.order, False
            return _finish(table, catalog, attempt, lines), True
    raise DependencyDown("orders", f"{order_id} is being changed by another request; try again")


def order_id_of(key: str) -> str:
    """The id of the order that belongs to an Idempotency-Key."""
    return "ord-" + hashlib.sha256(key.encode()).hexdigest()[:24]


def fingerprint_of(lines: list[Line]) -> str:
    """A hash of the basket that does not depend on the order of its lines."""
    text = ",".join(sorted(f"{line.sku}={line.quantity}" for line in lines))
    return hashlib.sha256(text.encode()).hexdigest()


def _take_up(table: OrderTable, order_id: str, fingerprint: str) -> Attempt:
    """The order's attempt: a new one, one that was left pending, or the confirmed one. Raises _Lost."""
    if table.begin(order_id, fingerprint):
        return Attempt(order_id, fingerprint, State.PENDING, 1)
    attempt = table.read(order_id)
    if attempt is None:
        raise _Lost
    if attempt.fingerprint != fingerprint:
        raise KeyReused(f"Idempotency-Key: it was used for another basket, which became {order_id}")
    match attempt.state:
        case State.CONFIRMED:
            return attempt
        case State.PENDING if table.touch(attempt):
            return attempt
        case State.CANCELLED if table.try_again(attempt, State.CANCELLED):
            return Attempt(order_id, fingerprint, State.PENDING, attempt.number + 1)
    raise _Lost


def _finish(table: OrderTable, catalog: Catalog, attempt: Attempt, lines: list[Line]) -> Order:
    """Hold the stock and confirm the order. Raises _Lost."""
    try:
        reservation = catalog.reserve(attempt.reservation_id, lines)
    except RemoteProblem as refusal:
        if refusal.code == RELEASED:
            table.try_again(attempt, State.PENDING)
            raise _Lost from refusal
        table.forget(attempt)
        raise
    order = table.confirm(attempt, reservation)
    if order is None:
        if not _was_confirmed(table, attempt):
            catalog.release(attempt.reservation_id)
        raise _Lost
    return order


def _was_confirmed(table: OrderTable, attempt: Attempt) -> bool:
    """Whether a request with the same key was quicker; then the reservation is the order's."""
    latest = table.read(attempt.order_id)
    return latest is not None and latest.state == State.CONFIRMED and latest.number == attempt.number
