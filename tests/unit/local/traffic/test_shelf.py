"""Shoppers of one run never order more than there is, whatever order their answers come in."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from local.traffic.shelf import Shelf


def products(**stock):
    return [{"sku": sku, "stock": pieces} for sku, pieces in stock.items()]


def test_what_another_shopper_is_about_to_take_is_no_longer_there():
    shelf = Shelf()
    shelf.put(products(brass=2), shelf.before_list())

    shelf.take({"brass": 1})

    assert shelf.choose(1)
    assert not shelf.choose(2)
    assert shelf.choose(), "one may still look at it"


def test_what_was_delivered_is_there_with_the_next_list():
    shelf = Shelf()
    shelf.put(products(brass=1), shelf.before_list())
    shelf.take({"brass": 1})
    shelf.end({"brass": 1})
    assert not shelf.choose(1)

    shelf.put(products(brass=100), shelf.before_list())

    assert shelf.choose(2)


def test_a_list_that_comes_late_replaces_no_newer_one():
    shelf = Shelf()
    early = shelf.before_list()
    shelf.take({"brass": 1})
    shelf.end({"brass": 1})
    shelf.put(products(brass=0), shelf.before_list())

    shelf.put(products(brass=1), early)

    assert not shelf.choose(1)


def test_an_empty_shelf_has_nothing_to_choose():
    assert Shelf().choose() is None


@settings(max_examples=200)
@given(st.integers(0, 20), st.lists(st.integers(0, 4), max_size=60), st.randoms())
def test_no_order_is_ever_for_more_than_there_is(stock, steps, chance):
    """Lists are read and answered, orders begin and end, in any order of time."""
    random.seed(0)
    shelf, left, under_way, lists = Shelf(), stock, [], []
    for step in steps:
        if step == 0:
            lists.append((shelf.before_list(), None))
        elif step == 1 and lists:  # the catalog reads the table
            lists[-1] = (lists[-1][0], products(brass=left))
        elif step == 2 and lists and lists[0][1] is not None:
            ended, answer = lists.pop(0)
            shelf.put(answer, ended)
        elif step == 3 and shelf.choose(1):
            shelf.take({"brass": 1})
            under_way.append("sent")
        elif step == 4 and under_way:
            number = chance.randrange(len(under_way))
            if under_way[number] == "sent":
                left -= 1
                assert left >= 0
                under_way[number] = "taken"
            else:
                del under_way[number]
                shelf.end({"brass": 1})
