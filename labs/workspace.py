"""What the functions of a lab get: the attempt, the shop, AWS's clients, and ways to wait and to undo."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import boto3
from botocore.config import Config

from labs import git, local_commands, segments
from labs.attempts import Attempt, Store
from labs.errors import LabError
from labs.settings import Settings
from labs.shop import Answer, Shop
from local.diagnosis.traces import Traces

T = TypeVar("T")
CONFIG = Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2})
POLL_S = 0.2
ARRIVES_WITHIN_S = 30.0
FAULT_LASTS = "2h"


class Workspace:
    """One attempt's view of the world. It reads each thing once, so a check makes a new one."""

    def __init__(
        self, settings: Settings, store: Store, attempt: Attempt, clients: dict[str, Any] | None = None
    ) -> None:
        self.settings, self.attempt = settings, attempt
        self._store = store
        self._traces: dict[tuple[float, str], Traces] = {}
        self._clients: dict[str, Any] = {} if clients is None else clients
        self._read: dict[Any, Any] = {}

    @cached_property
    def shop(self) -> Shop:
        """The shop."""
        services = (self.settings.storefront, self.settings.catalog, self.settings.orders)
        bearers = (*(f"{address}/faults" for address in services), f"{self.settings.aws}/_lantern/faults")
        return Shop(self.settings.storefront, bearers)

    @property
    def facts(self) -> dict[str, Any]:
        """What prepare chose and made; README.md's `<name>` are taken from here."""
        return self.attempt.facts

    def random(self, subject: str) -> random.Random:
        """Dice for a subject, the same at each call with this attempt's seed."""
        return self.attempt.random(subject)

    def client(self, service: str) -> Any:
        """boto3's client of a service of AWS."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, config=CONFIG)
        return self._clients[service]

    def delivery_client(self, service: str) -> Any:
        """boto3's client of what the laptop's pipeline answers itself: its alarms, and the commits it has."""
        key = f"{service} of the pipeline"
        if key not in self._clients:
            self._clients[key] = boto3.client(service, config=CONFIG, endpoint_url=self.settings.pipeline)
        return self._clients[key]

    def once(self, reader: Callable[["Workspace"], T]) -> T:
        """What a reader reads of this view; it is read the first time."""
        if reader not in self._read:
            self._read[reader] = reader(self)
        value: T = self._read[reader]
        return value

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """All entries of an operation that answers in pages."""
        for page in self.client(service).get_paginator(operation).paginate(**parameters):
            yield from page[key]

    def traces(self, expression: str = "", since: float = 0.0) -> Traces:
        """The newest traces of this attempt that a filter expression matches."""
        since = max(since, self.attempt.began)
        if (since, expression) not in self._traces:
            self._traces[since, expression] = segments.read(self.client("xray"), since, expression)
        return self._traces[since, expression]

    def trace(self, trace_id: str) -> Traces:
        """One trace; it is empty when X-Ray has none of this id."""
        return segments.of_trace(self.client("xray"), trace_id)

    def log_lines(self, service: str, pattern: str = "", since: float = 0.0) -> list[dict[str, Any]]:
        """The service's log events of this attempt that a filter pattern of CloudWatch Logs matches."""
        since = max(since, self.attempt.began)
        return list(
            self.pages(
                "logs",
                "filter_log_events",
                "events",
                logGroupName=f"/lantern/{service}",
                filterPattern=pattern,
                startTime=int(since * 1000),
            )
        )

    def page(self, path: str, **arguments: str) -> str:
        """The address of a page of the console: page("map", range="15m")."""
        query = f"?{urlencode(arguments)}" if arguments else ""
        return f"{self.settings.console}/{path}{query}"

    def until(
        self, condition: Callable[["Workspace"], T], awaited: str, within_s: float = ARRIVES_WITHIN_S
    ) -> T:
        """Wait for a true value of `condition`, asked with a workspace that reads anew. Raises LabError."""
        deadline = time.monotonic() + within_s
        while True:
            value = condition(Workspace(self.settings, self._store, self.attempt, self._clients))
            if value:
                return value
            if time.monotonic() > deadline:
                raise LabError(f"Waited {within_s:.0f} s for {awaited}, in vain; make logs shows the shop's")
            time.sleep(POLL_S)

    def visit(self, calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
        """Make requests, and wait until X-Ray has the trace of each."""
        answers = self.shop.visits(calls)
        expected = {answer.trace_id for answer in answers}
        self.until(
            lambda work: expected <= {segment.trace_id for segment in work._arrived(expected)},
            f"the traces of {len(expected)} requests",
        )
        return answers

    def _arrived(self, ids: set[str]) -> list[segments.Segment]:
        return segments.roots(Traces.of(segments.documents(self.client("xray"), sorted(ids))))

    def undo_later(self, kind: str, **details: str) -> None:
        """Write down what clean-up has to undo: before it is done. The kinds are in labs/cleanup.py."""
        entry = {"kind": kind, **details}
        if entry not in self.attempt.undo:
            self.attempt.undo.append(entry)
            self.save()

    def save(self) -> None:
        """Keep the attempt as it is now."""
        self._store.save(self.attempt)

    def break_shop(self, name: str, **variables: str) -> None:
        """Switch a fault on, as `make fault NAME=… ON=…` does."""
        self.undo_later("fault", name=name)
        local_commands.fault(NAME=name, FOR=FAULT_LASTS, **variables)

    def mend_shop(self, name: str) -> None:
        """End a fault, if it is on."""
        if name in self.shop.faults():
            local_commands.fault(OFF=name)

    def work_tree(self) -> Path:
        """A work tree of the last commit on a branch of this attempt alone, which clean-up removes.

        Its branch is the fact `branch`. Raises LabError.
        """
        tree = self.folder() / "shop"
        branch = f"lantern-lab-{self.attempt.lab}-{self.attempt.id}"
        self.facts.update(branch=branch, tree=str(tree))
        self.undo_later("work-tree", path=str(tree), branch=branch)
        git.run(git.ROOT, "worktree", "add", "--quiet", "-b", branch, str(tree), "HEAD")
        return tree

    def folder(self) -> Path:
        """A folder of this attempt alone, which clean-up removes with the processes that name it."""
        folder = self._store.folder.absolute() / f"{self.attempt.lab}-{self.attempt.id}"
        self.undo_later("folder", path=str(folder))
        self.undo_later("processes", mark=str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        return folder
