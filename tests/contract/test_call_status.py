"""One call has one status, and the console names it as the X-Ray that counted it."""

from itertools import product

import pytest

from console.shared import status as console
from local.xray import status as xray

FLAGS = ("error", "fault", "throttle")


@pytest.mark.parametrize("values", list(product((True, False), repeat=len(FLAGS))))
def test_the_console_and_the_local_x_ray_give_a_call_the_same_status(values: tuple[bool, ...]) -> None:
    segment = dict(zip(FLAGS, values, strict=True))

    assert console.status_of(segment) == xray.status_of(segment)


def test_both_have_the_same_statuses_in_the_same_precedence() -> None:
    assert (*xray.STATUS_PRECEDENCE, "ok") == console.PRECEDENCE
    assert sorted(console.PRECEDENCE) == sorted(console.WORST_FIRST) == sorted(xray.STATUSES)
