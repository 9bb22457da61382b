"""The rules of a reservation, on a table in memory whose writes can be lost to another request."""

import pytest

from services.catalog import reservations
from services.catalog.reservations import OutOfStock, Released, release, reserve
from services.catalog.table import Hold, Raced, State
from services.common.problems import DependencyDown, InvalidInput, KeyReused
from services.schemas import Line, Product, Reservation

STOCK = 5
EMPTY = Hold(State.ABSENT, Reservation(order_id="", items=[], total=0, currency=""))


def product(sku, price=1000):
    return Product(sku=sku, name=sku, description="", price=price, currency="EUR", stock=STOCK, image="")


def lines(**quantities):
    return [Line(sku=sku, quantity=quantity) for sku, quantity in quantities.items()]


class MemoryTable:
    """The catalog's table with the same conditions on its writes; `interrupt` runs before the next write."""

    def __init__(self):
        self.products = {sku: product(sku) for sku in ("brass", "copper")}
        self.holds = {}
        self.interrupt = lambda: None

    def read(self, skus, order_id):
        products = {sku: self.products[sku] for sku in skus if sku in self.products}
        return products, self.holds.get(order_id, EMPTY)

    def _begin_write(self):
        interrupt, self.interrupt = self.interrupt, lambda: None
        interrupt()

    def _move(self, quantities):
        self.products |= {
            sku: self.products[sku].model_copy(update={"stock": self.products[sku].stock + change})
            for sku, change in quantities.items()
        }

    def reserve(self, reservation):
        self._begin_write()
        hold = Hold(State.HELD, reservation)
        short = {sku for sku, wanted in hold.quantities.items() if self.products[sku].stock < wanted}
        if short or reservation.order_id in self.holds:
            raise Raced(short)
        self._move({sku: -quantity for sku, quantity in hold.quantities.items()})
        self.holds[reservation.order_id] = hold

    def give_back(self, hold, withdrawn):
        self._begin_write()
        quantities = {sku: n for sku, n in hold.quantities.items() if sku not in withdrawn}
        order_id = hold.reservation.order_id
        unknown = quantities.keys() - self.products.keys()
        if unknown or self.holds[order_id].state is not State.HELD:
            raise Raced(unknown)
        self._move(quantities)
        self.holds[order_id] = Hold(State.RELEASED, hold.reservation)

    def forbid(self, order_id):
        self._begin_write()
        if order_id in self.holds:
            raise Raced
        self.holds[order_id] = Hold(State.RELEASED, EMPTY.reservation)

    def stock(self, sku="brass"):
        return self.products[sku].stock


@pytest.fixture(name="table")
def _table(monkeypatch):
    monkeypatch.setattr(reservations.time, "sleep", lambda _: None)
    return MemoryTable()


def test_a_reservation_takes_the_stock_and_tells_what_it_costs(table):
    reservation, is_new = reserve(table, "ord-1", lines(brass=2, copper=1))

    assert is_new
    assert (reservation.total, reservation.currency) == (3000, "EUR")
    assert [(item.sku, item.quantity, item.line_total) for item in reservation.items] == [
        ("brass", 2, 2000),
        ("copper", 1, 1000),
    ]
    assert (table.stock(), table.stock("copper")) == (3, 4)


def test_a_repeated_reservation_is_the_first_one_and_takes_no_more_stock(table):
    first, _ = reserve(table, "ord-1", lines(brass=2))

    assert reserve(table, "ord-1", lines(brass=2)) == (first, False)
    assert table.stock() == 3


def test_a_reservation_of_the_same_order_with_other_items_is_refused(table):
    reserve(table, "ord-1", lines(brass=2))

    with pytest.raises(KeyReused):
        reserve(table, "ord-1", lines(brass=3))


def test_a_repetition_is_told_the_price_of_the_first_time(table):
    reserve(table, "ord-1", lines(brass=1))
    table.products["brass"] = product("brass", price=9999)

    assert reserve(table, "ord-1", lines(brass=1))[0].total == 1000


def test_unknown_products_are_named_by_their_place(table):
    with pytest.raises(InvalidInput) as refused:
        reserve(table, "ord-1", lines(brass=1, gold=1, silver=1))

    assert [error.field for error in refused.value.errors] == ["items[1].sku", "items[2].sku"]


def test_too_large_quantities_are_named_with_what_is_left_and_take_nothing(table):
    with pytest.raises(OutOfStock, match="5 left of copper, 6 wanted") as refused:
        reserve(table, "ord-1", lines(brass=1, copper=6))

    assert [error.field for error in refused.value.errors] == ["items[1].quantity"]
    assert (table.stock(), table.holds) == (STOCK, {})


@pytest.mark.parametrize("order_id", ["", "a b", "x" * 65, "ord/1"])
def test_an_order_id_that_is_none_is_refused(table, order_id):
    for call in (lambda: reserve(table, order_id, lines(brass=1)), lambda: release(table, order_id)):
        with pytest.raises(InvalidInput, match="order_id"):
            call()


def test_a_released_reservation_gives_its_stock_back_once_and_stays_released(table):
    reserve(table, "ord-1", lines(brass=2))

    release(table, "ord-1")
    release(table, "ord-1")

    assert table.stock() == STOCK
    with pytest.raises(Released):
        reserve(table, "ord-1", lines(brass=2))


def test_a_release_that_comes_first_forbids_the_reservation(table):
    release(table, "ord-1")

    with pytest.raises(Released):
        reserve(table, "ord-1", lines(brass=2))
    assert table.stock() == STOCK


def test_whoever_loses_the_last_piece_is_told_that_it_is_gone(table):
    table.interrupt = lambda: reserve(table, "ord-2", lines(brass=STOCK))

    with pytest.raises(OutOfStock):
        reserve(table, "ord-1", lines(brass=1))


def test_two_requests_for_one_reservation_take_its_stock_once(table):
    table.interrupt = lambda: reserve(table, "ord-1", lines(brass=2))

    reservation, is_new = reserve(table, "ord-1", lines(brass=2))

    assert (reservation.order_id, is_new, table.stock()) == ("ord-1", False, 3)


def test_a_release_that_overtakes_a_reservation_wins(table):
    table.interrupt = lambda: release(table, "ord-1")

    with pytest.raises(Released):
        reserve(table, "ord-1", lines(brass=2))
    assert table.stock() == STOCK


def test_a_reservation_that_overtakes_its_release_is_given_back(table):
    table.interrupt = lambda: reserve(table, "ord-1", lines(brass=2))

    release(table, "ord-1")

    assert (table.stock(), table.holds["ord-1"].state) == (STOCK, State.RELEASED)


def test_two_releases_give_the_stock_back_once(table):
    reserve(table, "ord-1", lines(brass=2))
    table.interrupt = lambda: release(table, "ord-1")

    release(table, "ord-1")

    assert table.stock() == STOCK


def test_stock_of_a_product_that_is_not_sold_any_more_is_dropped(table):
    reserve(table, "ord-1", lines(brass=2, copper=1))
    del table.products["copper"]

    release(table, "ord-1")

    assert (table.stock(), table.holds["ord-1"].state) == (STOCK, State.RELEASED)


def test_a_race_that_never_ends_is_an_outage(table, monkeypatch):
    def lose(*_):
        raise Raced

    monkeypatch.setattr(table, "reserve", lose)
    monkeypatch.setattr(table, "forbid", lose)

    with pytest.raises(DependencyDown, match="Too many requests"):
        reserve(table, "ord-1", lines(brass=1))
    with pytest.raises(DependencyDown, match="is being changed by others"):
        release(table, "ord-1")
