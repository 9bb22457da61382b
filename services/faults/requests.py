"""Breaks the requests that a service answers."""

import errno
import os
import random
import resource
import signal
import time

from aws_lambda_powertools.metrics import MetricUnit
from flask import Flask, Response, current_app, g, request

from services import tracing
from services.common import http, metrics
from services.common.health import OPERATIONAL_ROUTES
from services.common.problems import Problem
from services.faults.injected import Faults, Injected

SLOW_S, SLOW_BY_S = 1.5, 0.5
# of the caller's time, so that what is slow is not also red; after a reservation orders still has to write
LEFT_FOR_CALLER_S, LEFT_FOR_WRITING_S = 0.25, 1.1
LEAK_MB, LEAK_LIMIT_MB = 4, 96
MEASURE_EVERY_S = 0.2
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

_leaked: list[bytes] = []
_measure_at_s = [0.0]


class InjectedFault(Problem):
    """An error that somebody switched on at /faults."""

    status, code, title = 500, "injected-fault", "Injected fault"


class WrongPrice(Exception):
    """A product's record that the code cannot read."""


def init_app(app: Flask) -> None:
    """Break requests as the app's faults say."""
    app.before_request(_inject)
    app.after_request(_work_slowly)


def _is_left_alone() -> bool:
    return request.path in OPERATIONAL_ROUTES or request.path.startswith("/static/")


def _work_slowly(response: Response) -> Response:
    """Hold an answer back, once all is done that would not begin for lack of time."""
    injected: Injected = current_app.extensions["faults"]
    if not _is_left_alone() and injected.strikes("slow-dependency"):
        wanted_s = random.uniform(SLOW_S - SLOW_BY_S, SLOW_S + SLOW_BY_S)  # noqa: S311  not a secret
        left_s = LEFT_FOR_WRITING_S if request.method in ("PUT", "DELETE") else LEFT_FOR_CALLER_S
        time.sleep(min(wanted_s, max(0.0, http.remaining_s() - left_s)))
    return response


def _inject() -> None:
    injected: Injected = current_app.extensions["faults"]
    if _is_left_alone():
        return
    if plain := injected.plain():
        _inject_plain(plain)
    _measure_memory()
    if injected.strikes("leak"):
        _leak()
    if injected.strikes("sick-task"):
        _write_to_full_disk()
    if fault := injected.strikes("bad-product"):
        _fail_for(fault.sku)
    if current_app.name == "catalog" and injected.strikes("retry-storm"):
        _fail("This error belongs to the retry storm that was asked for at /faults.")


def _inject_plain(faults: Faults) -> None:
    if faults.latency_ms and random.random() < faults.latency_share:  # noqa: S311
        time.sleep(faults.latency_ms / 1000)
    if random.random() < faults.error_share:  # noqa: S311
        _fail("This error was asked for at /faults; DELETE /faults ends it.")


def _fail(detail: str) -> None:
    g.exception = InjectedFault(detail)
    raise g.exception


def _fail_for(sku: str | None) -> None:
    """Fail as a bug would, when the request is about this product."""
    items = request.get_json()["items"] if request.is_json else []
    skus = [(request.view_args or {}).get("sku"), *(item["sku"] for item in items)]
    if sku in skus:
        tracing.annotate("sku", sku or "")
        _parse_price("12,5O", sku)


def _write_to_full_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/products.cache")  # noqa: S108  of no file


def _parse_price(text: str, sku: str | None) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise WrongPrice(f"the price of {sku} cannot be read") from error


def _leak() -> None:
    """Keep some memory for good; at the limit end as a process does that the system kills for its memory."""
    _leaked.append(b"\x01" * (LEAK_MB * 2**20))
    if len(_leaked) * LEAK_MB > LEAK_LIMIT_MB:
        os.kill(os.getpid(), signal.SIGKILL)


def _measure_memory() -> None:
    """Put the memory on this request's access line, a few times a second: reading it is not free."""
    now = time.monotonic()
    if now >= _measure_at_s[0]:
        _measure_at_s[0] = now + MEASURE_EVERY_S
        metrics.measure("Memory", _resident_mb(), MetricUnit.Megabytes)


def _resident_mb() -> float:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * PAGE_BYTES / 2**20
    except OSError:  # no Linux: the largest so far, in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
