"""Breaks the calls that a service makes."""

import json as json_module
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from services.common.http import DeadlineAdapter, ServiceClient
from services.common.problems import DependencyDown
from services.faults.injected import Injected
from services.faults.slow_wire import SlowWire
from services.tracing.headers import W3C, XRAY

TRIES = 5
NOBODY = "127.0.0.1:9"  # where nothing listens
TRACE_HEADERS = (XRAY, W3C)
BEHIND_THE_WIRE = "catalog"


class BreakableClient(ServiceClient):
    """A client of another service whose calls break as the faults say that are on."""

    def __init__(self, name: str, base_url: str, injected: Injected) -> None:
        super().__init__(name, base_url)
        self._injected = injected
        self._session.mount("http://", _Wire(name, base_url, injected))

    def call(
        self,
        method: str,
        path: str,
        *,
        idempotent: bool,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Call as ServiceClient does; five times at once in a retry storm."""
        tries = TRIES if idempotent and self._injected.active("retry-storm") else 1
        for _ in range(tries - 1):
            try:
                return super().call(method, path, idempotent=idempotent, json=json, headers=headers)
            except DependencyDown:
                continue
        answer = super().call(method, path, idempotent=idempotent, json=json, headers=headers)
        if (method, path) == ("GET", "/products") and self._injected.strikes("n-plus-one"):
            return self._product_by_product(answer)
        return answer

    def is_alive(self) -> bool:
        """Ask /healthz, unless nobody answers there."""
        is_cut_off = self.name == BEHIND_THE_WIRE and self._injected.active("dependency-unreachable")
        return not is_cut_off and super().is_alive()

    def _product_by_product(self, answer: requests.Response) -> requests.Response:
        """The shelf, each of whose products was fetched by a call of its own."""
        skus = [product["sku"] for product in answer.json()["products"]]
        products = [
            super(BreakableClient, self)
            .call("GET", f"/products/{quote(sku, safe='')}", idempotent=True)
            .json()
            for sku in skus
        ]
        answer._content = json_module.dumps({"products": products}).encode()
        return answer


class _Wire(DeadlineAdapter):
    """What lies between a client and its service."""

    def __init__(self, name: str, base_url: str, injected: Injected) -> None:
        super().__init__(pool_connections=3, pool_maxsize=32)
        self._is_behind = name == BEHIND_THE_WIRE
        self._injected = injected
        self._slow = SlowWire(urlsplit(base_url).hostname or "", urlsplit(base_url).port or 80)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._injected.strikes("lost-header"):
            for header in TRACE_HEADERS:
                request.headers.pop(header, None)
        if self._is_behind and self._injected.strikes("dependency-unreachable"):
            request = _redirected(request, NOBODY)
        elif self._is_behind and self._injected.strikes("slow-network"):
            request = _redirected(request, self._slow.address())
        return super().send(request, *args, **kwargs)


def _redirected(request: requests.PreparedRequest, address: str) -> requests.PreparedRequest:
    """The same request to another address; the trace shows the one that was meant."""
    sent = request.copy()
    sent.url = urlsplit(str(request.url))._replace(netloc=address).geturl()
    return sent
