"""The rules of a reservation: taken once, given back once, never beyond the stock.

An order's reservation is absent, held or released. Released is final: a reservation that arrives after it was
given back (a request that was stuck in a queue, say) must not take stock that nobody would return.
"""

import random
import time

from services.catalog.table import Hold, ProductTable, Raced, State
from services.common.problems import Conflict, DependencyDown, FieldError, InvalidInput, KeyReused
from services.schemas import Line, PricedLine, Product, Reservation, is_order_id

ATTEMPTS = 20  # whoever loses a race reads again and decides anew; the request's deadline ends it earlier
PAUSE_S = 0.03  # at most, and at random, so that requests that collided do not collide again


class OutOfStock(Conflict):
    """The stock of a product is smaller than the quantity that was ordered."""

    code, title = "out-of-stock", "Out of stock"


class Released(Conflict):
    """This reservation was given back."""

    code, title = "reservation-released", "The reservation was given back"


def reserve(table: ProductTable, order_id: str, lines: list[Line]) -> tuple[Reservation, bool]:
    """Take the lines' stock for `order_id`; returns the reservation and whether this call made it.

    Raises InvalidInput (unknown sku), OutOfStock, KeyReused, Released and DependencyDown.
    """
    _check_order_id(order_id)
    for _ in range(ATTEMPTS):
        products, hold = table.read([line.sku for line in lines], order_id)
        if hold.state is not State.ABSENT:
            return _repeated(hold, lines), False
        reservation = price(order_id, lines, products)
        try:
            table.reserve(reservation)
            return reservation, True
        except Raced:
            _pause()
    raise DependencyDown("catalog", "Too many requests want the same lantern now; try again")


def release(table: ProductTable, order_id: str) -> None:
    """Give the stock of `order_id` back; repeating it changes nothing. Raises DependencyDown."""
    _check_order_id(order_id)
    withdrawn: set[str] = set()
    for _ in range(ATTEMPTS):
        _, hold = table.read([], order_id)
        try:
            match hold.state:
                case State.ABSENT:
                    table.forbid(order_id)
                case State.HELD:
                    table.give_back(hold, withdrawn)
            return
        except Raced as race:
            withdrawn |= race.skus
            _pause()
    raise DependencyDown("catalog", f"The reservation of {order_id} is being changed by others; try again")


def price(order_id: str, lines: list[Line], products: dict[str, Product]) -> Reservation:
    """The reservation that these lines would make. Raises InvalidInput or OutOfStock, naming each line."""
    unknown = [
        FieldError(f"items[{n}].sku", f"there is no lantern {line.sku!r}")
        for n, line in enumerate(lines)
        if line.sku not in products
    ]
    if unknown:
        raise InvalidInput(*unknown)
    short = [
        FieldError(
            f"items[{n}].quantity", f"{products[line.sku].stock} left of {line.sku}, {line.quantity} wanted"
        )
        for n, line in enumerate(lines)
        if products[line.sku].stock < line.quantity
    ]
    if short:
        raise OutOfStock("; ".join(error.message for error in short), errors=short)
    items = [_priced(line, products[line.sku]) for line in lines]
    total, currency = sum(line.line_total for line in items), products[lines[0].sku].currency
    return Reservation(order_id=order_id, items=items, total=total, currency=currency)


def _pause() -> None:
    time.sleep(random.uniform(0, PAUSE_S))  # noqa: S311  not a secret


def _priced(line: Line, product: Product) -> PricedLine:
    return PricedLine(
        sku=line.sku,
        name=product.name,
        quantity=line.quantity,
        unit_price=product.price,
        line_total=product.price * line.quantity,
    )


def _repeated(hold: Hold, lines: list[Line]) -> Reservation:
    """The reservation that an earlier request made. Raises Released and KeyReused."""
    order_id = hold.reservation.order_id
    if hold.state is State.RELEASED:
        raise Released(f"The reservation of {order_id} was given back; place the order again")
    if hold.quantities != {line.sku: line.quantity for line in lines}:
        raise KeyReused(f"order_id: {order_id} already holds a reservation with other items")
    return hold.reservation


def _check_order_id(order_id: str) -> None:
    if not is_order_id(order_id):
        raise InvalidInput(FieldError("order_id", "expected at most 64 letters, digits, hyphens and dots"))
