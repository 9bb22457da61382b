"""Starts a stack's services in the order of their dependencies, restarts them, and stops them."""

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
SETTLED_S = 10.0  # after a run of this length the pauses before restarts begin with the first again


class StartError(Exception):
    """A service did not start; `service` is its name."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service} {reason}")
        self.service = service


class Stopped(Exception):
    """The supervisor was asked to stop."""


class Supervisor:
    """A run of `stack`: the services' working directory is `root`, all files are written below `home`."""

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
        """Begin to stop; `run` returns when every service has stopped."""
        self._stop.set()

    async def run(self) -> bool:
        """Run until asked to stop; return False when a service did not start (the record says why)."""
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
        """Wait for a service's dependencies, then run it and restart it whenever it ends."""
        service, child, pause_s = self._stack.services[name], self._children[name], FIRST_PAUSE_S
        for needed, condition in service.depends_on.items():
            await self._reached[needed, condition].wait()
        while True:
            began = time.monotonic()
            await self._start(name)
            watch = self._group.create_task(self._watch(name))
            code = await child.wait()
            watch.cancel()
            if code == 0 and not service.restarts:
                self._set_state(name, "completed")
                return
            if not self._record.is_up:
                self._set_state(name, "failed")
                raise StartError(name, f"ended with exit code {code} while starting")
            if not service.restarts:
                self._set_state(name, "failed", f"exit code {code}")
                return
            pause_s = FIRST_PAUSE_S if time.monotonic() - began > SETTLED_S else pause_s
            self._entry(name).restarts += 1
            self._set_state(name, "restarting", f"ended with {code}, starts again in {pause_s:.1f} s")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _start(self, name: str) -> None:
        try:
            await self._children[name].start()
        except OSError as error:
            self._set_state(name, "failed", str(error))
            raise StartError(name, f"can't be started: {error}") from None
        self._entry(name).process = Process.of(self._children[name].pid)
        self._set_state(name, "starting" if self._stack.services[name].healthcheck else "running")

    async def _watch(self, name: str) -> None:
        """Run the health check periodically while the process runs."""
        child, check = self._children[name], self._stack.services[name].healthcheck
        if not check:
            return
        began, failures = time.monotonic(), 0
        patience_s = check.start_period + check.interval * check.retries
        try:
            await asyncio.wait_for(child.wait_until_open(), patience_s)
        except TimeoutError:
            self._unhealthy(name, f"opened no port in {patience_s:.0f} s")
        while True:
            if await child.is_healthy(check):
                failures = 0
                if self._entry(name).state != "healthy":
                    self._set_state(name, "healthy", f"after {time.monotonic() - began:.1f} s")
            else:
                failures += 1
            starting = self._entry(name).state == "starting" and time.monotonic() - began < check.start_period
            if failures >= check.retries and not starting:
                self._unhealthy(name, f"failed its health check {failures} times")
            await asyncio.sleep(check.start_interval if starting else check.interval)

    def _unhealthy(self, name: str, reason: str) -> None:
        if self._entry(name).state != "unhealthy":
            self._set_state(name, "unhealthy", reason)
        if not self._record.is_up:
            raise StartError(name, reason)

    async def _stop_all(self) -> None:
        for name in self._stack.stop_order():
            await self._stop_service(name)

    async def _stop_service(self, name: str) -> None:
        if self._entry(name).state in ("waiting", "completed", "failed"):
            return
        was_graceful = await self._children[name].stop()
        await self._children[name].close()
        self._set_state(name, "stopped", "" if was_graceful else "by SIGKILL: it did not end in time")

    def _set_state(self, name: str, state: str, note: str = "") -> None:
        """Record and log a service's new state, and continue the services that wait for it."""
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


# The states that fulfil each condition of depends_on
_CONDITIONS = {
    STARTED: ("starting", "running", "healthy", "completed"),
    HEALTHY: ("healthy",),
    COMPLETED: ("completed",),
}


def record_file(home: Path) -> Path:
    """Return the path of the supervisor's record."""
    return home / "processes.json"


def log_file(home: Path, service: str) -> Path:
    """Return the path of the log file of a service, or of the supervisor."""
    return home / "logs" / f"{service}.log"


def _goal(service: Service) -> str:
    """Return the condition that a service must reach for the stack to be up; without restarts it is a job."""
    if not service.restarts:
        return COMPLETED
    return HEALTHY if service.healthcheck else STARTED


def _child(service: Service, stack: Stack, root: Path, home: Path) -> Child:
    for folder in ("home", *service.volumes.values()):
        (home / "state" / folder).mkdir(parents=True, exist_ok=True)
    log_file(home, service.name).parent.mkdir(exist_ok=True)
    return Child(service, environment(service, stack, home / "state"), root, log_file(home, service.name))
