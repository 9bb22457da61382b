"""Placing an order, so that it happens once however often it is asked for.

1. remember the try (pending)   2. hold the stock at the catalog   3. confirm, if it is still pending

The order's id follows from the Idempotency-Key, and the reservation's id from the order's: a repeated request
finds what the first one left and goes on from there. A try that stops halfway stays pending until the buyer
repeats it or recovery.py gives its stock back.
"""

import hashlib

from services.common.problems import DependencyDown, KeyReused, RemoteProblem
from services.orders.catalog_client import RELEASED, Catalog
from services.orders.table import CANCELLED, CONFIRMED, PENDING, Attempt, OrderTable
from services.schemas import Line, Order

ATTEMPTS = 3


def place(table: OrderTable, catalog: Catalog, key: str, lines: list[Line]) -> tuple[Order, bool]:
    """Place the order of `key` once; returns it and whether this call did it.

    Raises KeyReused, RemoteProblem (the catalog's refusal) and DependencyDown.
    """
    order_id, fingerprint = order_id_of(key), fingerprint_of(lines)
    for _ in range(ATTEMPTS):
        attempt = _take_up(table, order_id, fingerprint)
        if attempt is not None and attempt.order is not None:
            return attempt.order, False
        order = _finish(table, catalog, attempt, lines) if attempt is not None else None
        if order is not None:
            return order, True
    raise DependencyDown("orders", f"{order_id} is being changed by another request; try again")


def order_id_of(key: str) -> str:
    """The id of the order that belongs to an Idempotency-Key."""
    return "ord-" + hashlib.sha256(key.encode()).hexdigest()[:24]


def fingerprint_of(lines: list[Line]) -> str:
    """The same for the same basket, in whatever order its lines come."""
    text = ",".join(sorted(f"{line.sku}={line.quantity}" for line in lines))
    return hashlib.sha256(text.encode()).hexdigest()


def _take_up(table: OrderTable, order_id: str, fingerprint: str) -> Attempt | None:
    """The order's present try: a new one, the one that another request left, or the confirmed order.

    None when somebody else is changing it just now.
    """
    if table.begin(order_id, fingerprint):
        return Attempt(order_id, fingerprint, PENDING, 1, None)
    attempt = table.read(order_id)
    if attempt is None:
        return None
    if attempt.fingerprint != fingerprint:
        raise KeyReused(f"Idempotency-Key: it was used for another basket, which became {order_id}")
    if attempt.state == CONFIRMED or (attempt.state == PENDING and table.touch(attempt)):
        return attempt
    if attempt.state == CANCELLED and table.try_again(attempt, CANCELLED):
        return Attempt(order_id, fingerprint, PENDING, attempt.number + 1, None)
    return None


def _finish(table: OrderTable, catalog: Catalog, attempt: Attempt, lines: list[Line]) -> Order | None:
    """Hold the stock and confirm; None when the try was lost to somebody else."""
    try:
        reservation = catalog.reserve(attempt.reservation_id, lines)
    except RemoteProblem as refusal:
        if refusal.code == RELEASED:
            table.try_again(attempt, PENDING)
            return None
        table.forget(attempt)
        raise
    order = table.confirm(attempt, reservation)
    if order is None and not _was_confirmed(table, attempt):
        catalog.release(attempt.reservation_id)
    return order


def _was_confirmed(table: OrderTable, attempt: Attempt) -> bool:
    """Whether a request with the same key was quicker; then the reservation is the order's."""
    now = table.read(attempt.order_id)
    return now is not None and now.state == CONFIRMED and now.number == attempt.number
