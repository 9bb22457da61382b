"""The placing of an order, driven through every place where it can stop, on a table and a catalog in memory.

The real table and catalog are in tests/api; here every interleaving can be tried.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.problems import DependencyDown, KeyReused, RemoteProblem
from services.orders import placing, recovery
from services.orders.table import Attempt, State
from services.schemas import Line, Order, PricedLine, Reservation

STOCK = 10


class Crash(BaseException):
    """The process dies here."""


class Fuse:
    """Counts down the steps to a crash or an outage; each step may do its work before it blows."""

    def __init__(self):
        self.left, self.error, self.after_work = None, None, False

    def set(self, steps, error, after_work):
        self.left, self.error, self.after_work = steps, error, after_work

    def step(self, work):
        if self.left is None:
            return work()
        self.left -= 1
        if self.left >= 0:
            return work()
        self.left = None
        if self.after_work:
            work()
        raise self.error


class MemoryTable:
    """Orders' table with the same conditions on its writes."""

    def __init__(self, fuse):
        self.fuse, self.items = fuse, {}

    def begin(self, order_id, fingerprint):
        return self.fuse.step(lambda: self._begin(order_id, fingerprint))

    def _begin(self, order_id, fingerprint):
        if order_id in self.items:
            return False
        self.items[order_id] = Attempt(order_id, fingerprint, State.PENDING, 1, None)
        return True

    def read(self, order_id):
        return self.fuse.step(lambda: self.items.get(order_id))

    def _move(self, attempt, from_state, to_state, number=None, order=None):
        now = self.items.get(attempt.order_id)
        if now is None or now.state != from_state or now.number != attempt.number:
            return False
        self.items[attempt.order_id] = Attempt(
            attempt.order_id, attempt.fingerprint, to_state, number or attempt.number, order
        )
        return True

    def touch(self, attempt):
        return self.fuse.step(lambda: self._move(attempt, State.PENDING, State.PENDING))

    def try_again(self, attempt, from_state):
        return self.fuse.step(lambda: self._move(attempt, from_state, State.PENDING, attempt.number + 1))

    def confirm(self, attempt, reservation):
        facts = reservation.model_dump(exclude={"order_id"})
        order = Order(order_id=attempt.order_id, status=State.CONFIRMED, placed_at="now", **facts)
        moved = self.fuse.step(lambda: self._move(attempt, State.PENDING, State.CONFIRMED, order=order))
        return order if moved else None

    def start_cancelling(self, attempt, _before):
        return self.fuse.step(lambda: self._move(attempt, State.PENDING, State.CANCELLING))

    def finish_cancelling(self, attempt):
        return self.fuse.step(lambda: self._move(attempt, State.CANCELLING, State.CANCELLED))

    def forget(self, attempt):
        self.fuse.step(lambda: self._forget(attempt))

    def _forget(self, attempt):
        now = self.items.get(attempt.order_id)
        if now and now.state == State.PENDING and now.number == attempt.number:
            del self.items[attempt.order_id]

    def abandoned(self, _older_than_s):
        return [(item, 0) for item in self.items.values() if item.state in (State.PENDING, State.CANCELLING)]


class MemoryCatalog:
    """One kind of lantern; a released reservation stays released."""

    def __init__(self, fuse):
        self.fuse, self.stock, self.held = fuse, STOCK, {}

    def reserve(self, reservation_id, lines):
        return self.fuse.step(lambda: self._reserve(reservation_id, lines))

    def _reserve(self, reservation_id, lines):
        quantity = lines[0].quantity
        if self.held.get(reservation_id) == "released":
            raise RemoteProblem({"type": "urn:problem:reservation-released"}, 409)
        if reservation_id not in self.held:
            if self.stock < quantity:
                raise RemoteProblem({"type": "urn:problem:out-of-stock"}, 409)
            self.stock -= quantity
            self.held[reservation_id] = quantity
        item = PricedLine(sku=lines[0].sku, name="", quantity=quantity, unit_price=1, line_total=quantity)
        return Reservation(order_id=reservation_id, items=[item], total=quantity, currency="EUR")

    def release(self, reservation_id):
        self.fuse.step(lambda: self._release(reservation_id))

    def _release(self, reservation_id):
        held = self.held.get(reservation_id)
        self.stock += held if isinstance(held, int) else 0
        self.held[reservation_id] = "released"


class Shop:
    def __init__(self):
        self.fuse = Fuse()
        self.table, self.catalog = MemoryTable(self.fuse), MemoryCatalog(self.fuse)
        self.acknowledged = {}

    def place(self, key, quantity):
        lines = [Line(sku="brass-storm-lantern", quantity=quantity)]
        order, is_new = placing.place(self.table, self.catalog, key, lines)
        self.acknowledged[key] = order
        return order, is_new

    def recover(self):
        return recovery.recover(self.table, self.catalog)

    def sold(self):
        return sum(item.order.total for item in self.table.items.values() if item.order)


@pytest.fixture(name="shop")
def _shop():
    return Shop()


def test_a_repeated_key_gives_the_same_order_and_takes_no_more_stock(shop):
    first, is_new = shop.place("key-1", 3)
    again, is_new_again = shop.place("key-1", 3)

    assert (first, is_new, is_new_again) == (again, True, False)
    assert shop.catalog.stock == STOCK - 3


def test_a_key_with_another_basket_is_refused(shop):
    shop.place("key-1", 3)

    with pytest.raises(KeyReused):
        shop.place("key-1", 4)


def test_the_fingerprint_knows_no_order_of_lines():
    lines = [Line(sku="a", quantity=1), Line(sku="b", quantity=2)]

    assert placing.fingerprint_of(lines) == placing.fingerprint_of(lines[::-1])


def test_a_refused_order_leaves_no_row_and_may_be_placed_later(shop):
    with pytest.raises(RemoteProblem):
        shop.place("key-1", STOCK + 1)
    assert shop.table.items == {}

    shop.catalog.stock = STOCK + 1
    assert shop.place("key-1", STOCK + 1)[1]


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("after_work", [False, True])
def test_a_crash_at_any_step_gives_the_stock_back_and_the_key_works_again(shop, step, after_work):
    shop.fuse.set(step, Crash(), after_work)
    try:
        shop.place("key-1", 4)
    except Crash:
        shop.recover()
        assert shop.catalog.stock + shop.sold() == STOCK

    order, _ = shop.place("key-1", 4)

    assert shop.catalog.stock == STOCK - 4
    assert shop.sold() == order.total == 4


def test_an_order_that_the_recovery_cancelled_under_a_slow_request_is_not_acknowledged(shop, monkeypatch):
    reserve = shop.catalog.reserve

    def slow(reservation_id, lines):
        reservation = reserve(reservation_id, lines)
        if reservation_id == placing.order_id_of("key-1"):
            shop.recover()
        return reservation

    monkeypatch.setattr(shop.catalog, "reserve", slow)
    order, is_new = shop.place("key-1", 4)

    assert is_new
    assert shop.catalog.stock == STOCK - 4 == STOCK - shop.sold()
    assert shop.table.items[order.order_id].number == 2


def test_an_order_whose_reservation_was_given_back_is_placed_by_a_later_attempt(shop):
    order_id = placing.order_id_of("key-1")
    shop.catalog.release(order_id)

    order, is_new = shop.place("key-1", 4)

    assert (order.order_id, is_new, shop.catalog.stock) == (order_id, True, STOCK - 4)
    assert shop.table.items[order_id].number == 2


def test_two_requests_with_one_key_place_one_order_and_keep_its_stock(shop, monkeypatch):
    reserve = shop.catalog.reserve

    def overtaken(reservation_id, lines):
        monkeypatch.setattr(shop.catalog, "reserve", reserve)
        shop.place("key-1", 4)
        return reserve(reservation_id, lines)

    monkeypatch.setattr(shop.catalog, "reserve", overtaken)

    order, is_new = shop.place("key-1", 4)

    assert (order, is_new) == (shop.acknowledged["key-1"], False)
    assert shop.catalog.stock == STOCK - 4 == STOCK - shop.sold()


def test_stock_that_was_held_for_an_attempt_that_another_request_forgot_is_given_back(shop, monkeypatch):
    reserve = shop.catalog.reserve

    def forgotten(reservation_id, lines):
        monkeypatch.setattr(shop.catalog, "reserve", reserve)
        reservation = reserve(reservation_id, lines)
        shop.table.items.clear()
        return reservation

    monkeypatch.setattr(shop.catalog, "reserve", forgotten)

    shop.place("key-1", 4)

    assert shop.catalog.stock == STOCK - 4 == STOCK - shop.sold()


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(0, 3), st.integers(1, 4)),
        st.tuples(st.just("crash"), st.integers(0, 8), st.booleans()),
        st.tuples(st.just("outage"), st.integers(0, 8), st.booleans()),
        st.tuples(st.just("recover")),
    ),
    max_size=30,
)


@settings(max_examples=300)
@given(actions=ACTIONS)
def test_whatever_fails_stock_and_orders_add_up_and_acknowledged_orders_stay(actions):
    shop, quantities = Shop(), {}
    for action, *arguments in actions:
        try:
            if action == "place":
                key = f"key-{arguments[0]}"
                shop.place(key, quantities.setdefault(key, arguments[1]))
            elif action == "recover":
                shop.recover()
            else:
                error = Crash() if action == "crash" else DependencyDown("dynamodb")
                shop.fuse.set(arguments[0], error, arguments[1])
        except (Crash, DependencyDown, RemoteProblem):
            pass

    shop.fuse.set(None, None, False)
    shop.recover()

    assert shop.catalog.stock + shop.sold() == STOCK
    assert shop.catalog.stock >= 0
    for key, order in shop.acknowledged.items():
        assert shop.table.items[placing.order_id_of(key)].order == order
