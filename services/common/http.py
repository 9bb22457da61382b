"""Calls to other services: a deadline that travels with the request, and retries where they do no harm."""

import contextlib
import socket
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import requests
import urllib3
from flask import Flask, current_app, request
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NameResolutionError, ReadTimeoutError

from services.common import logs
from services.common.problems import DependencyDown, RemoteProblem

DEADLINE_HEADER = "X-Deadline-Ms"  # what is left, so that clocks need not agree; as in gRPC's grpc-timeout
CONNECT_TIMEOUT_S = 0.3
ANSWER_MARGIN_S = 0.05  # kept back at each hop, so that the nearer one can still say who was slow
PROBE_TIMEOUT_S = 0.4

_ends_at: ContextVar[float] = ContextVar("ends_at")


def init_app(app: Flask) -> None:
    """Start each request's deadline: the service's own, or the caller's when that is shorter."""
    app.before_request(_start_deadline)


def _start_deadline() -> None:
    start_deadline(current_app.extensions["settings"].deadline_ms, request.headers.get(DEADLINE_HEADER, ""))


def start_deadline(own_ms: int, callers_ms: str = "") -> None:
    """Give the present thread `own_ms` milliseconds, or `callers_ms` when that is a smaller number."""
    is_number = callers_ms.isascii() and callers_ms.isdigit() and len(callers_ms) < 7
    _ends_at.set(time.monotonic() + min(own_ms, int(callers_ms) if is_number else own_ms) / 1000)


def remaining_s() -> float:
    """Seconds left of the present deadline, never negative."""
    return max(0.0, _ends_at.get() - time.monotonic())


def require_s(needed_s: float, dependency: str) -> None:
    """Raise DependencyDown unless `needed_s` seconds are left: what cannot end in time is not begun."""
    if remaining_s() < needed_s:
        raise DependencyDown(dependency, f"not enough time left to ask {dependency}; try again")


class _DeadlineSocket(socket.socket):
    """Ends a read at the deadline even when the other side keeps sending a byte now and then.

    The timeouts of requests and urllib3 hold for one read each, not for the answer as a whole.
    """

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        left_s = remaining_s()
        if left_s <= 0:
            raise TimeoutError("the request's deadline has passed")
        self.settimeout(left_s)
        return super().recv_into(*args, **kwargs)


class _DeadlineConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _DeadlineSocket(fileno=super()._new_conn().detach())


class _DeadlinePool(HTTPConnectionPool):
    ConnectionCls = _DeadlineConnection


class DeadlineAdapter(HTTPAdapter):
    """Sends requests whose answers end with the present deadline."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools with connections that know the deadline."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _DeadlinePool}


class ServiceClient:
    """Another service, by name and http address. One instance serves all threads."""

    def __init__(self, name: str, base_url: str) -> None:
        self.name, self.base_url = name, base_url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy for the internet is not for the next service
        self._session.mount("http://", DeadlineAdapter(pool_connections=1, pool_maxsize=32))
        self._probes = urllib3.PoolManager(
            maxsize=4, timeout=urllib3.Timeout(total=PROBE_TIMEOUT_S), retries=False
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        idempotent: bool,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request within the deadline and return its answer, whose status is below 400.

        A call that is `idempotent`, i.e. whose repetition changes nothing, is sent once more after a jittered
        pause when its connection was lost; any other is not, for the first one may have been carried out.
        Raises RemoteProblem when the service refuses (4xx), and DependencyDown when it fails or is silent.
        """
        retrying = Retrying(
            retry=retry_if_exception(_is_lost_connection),
            stop=stop_after_attempt(2 if idempotent else 1),
            wait=wait_random(0.02, 0.12),
            reraise=True,
        )
        try:
            answer: requests.Response = retrying(self._send, method, path, json, headers or {})
        except requests.RequestException as error:
            raise DependencyDown(self.name) from error
        if answer.status_code >= 500:
            raise DependencyDown(self.name, _their_reason(answer) or f"{self.name} failed; try again")
        if answer.status_code >= 400:
            raise RemoteProblem(answer.json(), answer.status_code)
        return answer

    def is_alive(self) -> bool:
        """Ask /healthz. A probe belongs to no request, so it goes around the traced session."""
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            return self._probes.request("GET", f"{self.base_url}/healthz").status == 200
        return False

    def _send(self, method: str, path: str, json: Any, headers: Mapping[str, str]) -> requests.Response:
        left_s = remaining_s() - ANSWER_MARGIN_S
        if left_s <= 0:
            raise requests.Timeout("no time left for this call")
        ids = logs.current()
        passed_on = {
            DEADLINE_HEADER: str(int(left_s * 1000)),
            "X-Request-Id": ids.request_id or "",
            # the tracing writes its own over this one while it is switched on
            "X-Amzn-Trace-Id": f"Root={ids.trace_id};Parent={ids.segment_id};Sampled=0",
        }
        return self._session.request(
            method,
            self.base_url + path,
            json=json,
            headers={**passed_on, **headers},
            timeout=(min(CONNECT_TIMEOUT_S, left_s), left_s),
            allow_redirects=False,
        )


def _is_lost_connection(error: BaseException) -> bool:
    """Whether a connection broke; not a timeout or a failed look-up, which have used up the time."""
    if not isinstance(error, requests.ConnectionError) or isinstance(error, requests.Timeout):
        return False
    reason = getattr(error.args[0], "reason", error.args[0]) if error.args else error
    return not isinstance(reason, NameResolutionError | ReadTimeoutError)


def _their_reason(answer: requests.Response) -> str:
    if answer.status_code != 503 or "problem+json" not in answer.headers.get("Content-Type", ""):
        return ""
    return str(answer.json().get("detail", ""))
