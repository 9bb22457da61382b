"""Starts a stack's services in order, keeps them running, and stops them in the reverse order."""

import asyncio
import logging
import os
import time
from pathlib import Path

from local.processes.child import Child
from local.processes.compose import COMPLETED, HEALTHY, STARTED, Service, Stack
from local.processes.records import Entry, Process, Record
from local.processes.translation import environment

log = logging.getLogger("local.processes")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
SETTLED_S = 10.0  # who ran this long begins again with the first pause


class StartError(Exception):
    """A service did not come up; `service` is its name."""

    def __init__(self, service: str, what: str) -> None:
        super().__init__(f"{service} {what}")
        self.service = service


class Stopped(Exception):
    """Somebody asked to stop."""


class Supervisor:
    """One run of `stack`: code is found in `root`, everything is written below `home`."""

    def __init__(self, stack: Stack, root: Path, home: Path) -> None:
        self._stack = stack
        self._file = record_file(home)
        self._stop = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._record = Record(Process.of(os.getpid()), {name: Entry() for name in stack.services})
        self._reached = {(name, at): asyncio.Event() for name in stack.services for at in _CONDITIONS}
        self._children = {
            name: _child(service, stack, root, home) for name, service in stack.services.items()
        }

    def ask_to_stop(self) -> None:
        """Begin to stop; `run` returns when everything has stopped."""
        self._stop.set()

    async def run(self) -> bool:
        """Run until asked to stop; returns False when a service did not come up: the record says why."""
        self._write()
        try:
            async with self._group as group:
                for name in self._stack.services:
                    group.create_task(self._keep(name))
                group.create_task(self._announce())
                await self._stop.wait()
                raise Stopped
        except* Stopped:
            log.info("stopping")
        except* StartError as errors:
            self._record.failure = str(errors.exceptions[0])
            log.error("%s; stopping everything", self._record.failure)
            self._write()
        finally:
            await self._stop_all()
        if not self._record.failure:
            self._file.unlink()
        return not self._record.failure

    async def _announce(self) -> None:
        began = time.monotonic()
        for service in self._stack.services.values():
            await self._reached[service.name, _goal(service)].wait()
        self._record.is_up = True
        self._write()
        log.info("everything is up after %.1f s", time.monotonic() - began)

    async def _keep(self, name: str) -> None:
        """A service's life: wait for what it needs, run it, and run it again when it dies."""
        service, child, pause = self._stack.services[name], self._children[name], FIRST_PAUSE_S
        for needed, condition in service.depends_on.items():
            await self._reached[needed, condition].wait()
        while True:
            began = time.monotonic()
            await self._start(name)
            watch = self._group.create_task(self._watch(name))
            code = await child.ended()
            watch.cancel()
            if code == 0 and not service.restarts:
                self._tell(name, "completed")
                return
            if not self._record.is_up:
                self._tell(name, "failed")
                raise StartError(name, f"ended with exit code {code} while starting")
            if not service.restarts:
                self._tell(name, "failed", f"exit code {code}")
                return
            pause = FIRST_PAUSE_S if time.monotonic() - began > SETTLED_S else pause
            self._entry(name).restarts += 1
            self._tell(name, "restarting", f"ended with {code}, starts again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _start(self, name: str) -> None:
        try:
            await self._children[name].start()
        except OSError as error:
            self._tell(name, "failed", str(error))
            raise StartError(name, f"can't be started: {error}") from None
        self._entry(name).process = Process.of(self._children[name].pid)
        self._tell(name, "starting" if self._stack.services[name].healthcheck else "running")

    async def _watch(self, name: str) -> None:
        """Run the health check for as long as the process lives."""
        child, check = self._children[name], self._stack.services[name].healthcheck
        if not check:
            return
        began, failures = time.monotonic(), 0
        patience = check.start_period + check.interval * check.retries
        try:
            await asyncio.wait_for(child.accepts(), patience)
        except TimeoutError:
            self._unhealthy(name, f"opened no port in {patience:.0f} s")
        while True:
            if await child.is_healthy(check):
                failures = 0
                if self._entry(name).state != "healthy":
                    self._tell(name, "healthy", f"after {time.monotonic() - began:.1f} s")
            else:
                failures += 1
            starting = self._entry(name).state == "starting" and time.monotonic() - began < check.start_period
            if failures >= check.retries and not starting:
                self._unhealthy(name, f"failed its health check {failures} times")
            await asyncio.sleep(check.start_interval if starting else check.interval)

    def _unhealthy(self, name: str, why: str) -> None:
        if self._entry(name).state != "unhealthy":
            self._tell(name, "unhealthy", why)
        if not self._record.is_up:
            raise StartError(name, why)

    async def _stop_all(self) -> None:
        for name in self._stack.stop_order():
            await self._stop_one(name)

    async def _stop_one(self, name: str) -> None:
        if self._entry(name).state in ("waiting", "completed", "failed"):
            return
        went = await self._children[name].stop()
        await self._children[name].close()
        self._tell(name, "stopped", "" if went else "by SIGKILL: it did not end in time")

    def _tell(self, name: str, state: str, note: str = "") -> None:
        """Write the new state down, log it, and let go on who waits for it."""
        entry = self._entry(name)
        entry.state, entry.note = state, note
        self._write()
        log.info("%s: %s%s", name, state, f" ({note})" if note else "")
        for condition, states in _CONDITIONS.items():
            if state in states:
                self._reached[name, condition].set()

    def _entry(self, name: str) -> Entry:
        return self._record.services[name]

    def _write(self) -> None:
        self._record.write(self._file)


# Which state fulfils which condition of depends_on
_CONDITIONS = {
    STARTED: ("starting", "running", "healthy", "completed"),
    HEALTHY: ("healthy",),
    COMPLETED: ("completed",),
}


def record_file(home: Path) -> Path:
    """Where a supervisor writes down what runs."""
    return home / "processes.json"


def log_file(home: Path, service: str) -> Path:
    """Where a service's output goes."""
    return home / "logs" / f"{service}.log"


def _goal(service: Service) -> str:
    """What has to be reached before the stack counts as up; a service that isn't restarted is a job."""
    if not service.restarts:
        return COMPLETED
    return HEALTHY if service.healthcheck else STARTED


def _child(service: Service, stack: Stack, root: Path, home: Path) -> Child:
    for folder in ("home", *service.volumes.values()):
        (home / "state" / folder).mkdir(parents=True, exist_ok=True)
    log_file(home, service.name).parent.mkdir(exist_ok=True)
    return Child(service, environment(service, stack, home / "state"), root, log_file(home, service.name))
