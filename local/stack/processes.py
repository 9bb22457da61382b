"""Runs the stack as processes of a supervisor that outlives the command that started it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from local.processes import records
from local.processes.logs import last_lines
from local.processes.records import Record
from local.processes.supervisor import log_file, record_file
from local.stack import ports, tail
from local.stack.engine import Progress, Say, State
from local.stack.errors import NotUp
from local.stack.site import Site

SOURCE = Path(__file__).parents[2]
POLL_S = 0.05
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REPORT_LINES = 15


class Processes:
    """The engine that needs no Docker."""

    mode = "processes"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._file = record_file(site.home)

    def is_running(self) -> bool:
        record = Record.read(self._file)
        return bool(record and (record.supervisor.is_alive() or record.survivors()))

    def is_complete(self) -> bool:
        record = Record.read(self._file)
        return bool(record and record.is_up and record.supervisor.is_alive())

    def start(self, say: Say) -> None:
        record = Record.read(self._file)
        if not (record and record.supervisor.is_alive()):
            self.stop()  # a killed supervisor may have left services
            ports.require_free(self._site.stack)
            self._detach(say)
        self._wait_until_up(say)

    def stop(self) -> None:
        record = Record.read(self._file)
        if not record:
            return
        graces = [service.stop_grace_s for service in self._site.stack.services.values()]
        if record.supervisor.is_alive():
            records.end([record.supervisor], grace_s=sum(graces) + 5)
        record = Record.read(self._file) or record
        records.end(record.survivors(), grace_s=max(graces))
        self._file.unlink(missing_ok=True)
        shutil.rmtree(self._site.home / "state" / "faults", ignore_errors=True)  # a fault ends with the shop

    def states(self) -> list[State]:
        record = Record.read(self._file)
        entries = record.services.items() if record else ()
        return [
            State(
                name,
                entry.state,
                f"{entry.note}{f', {entry.restarts} restarts' if entry.restarts else ''}",
                entry.state in ("failed", "unhealthy"),
            )
            for name, entry in entries
        ]

    def logs(self, service: str, lines: int, follow: bool) -> None:
        names = [service] if service else [*self._site.stack.services, "supervisor"]
        tail.show({name: log_file(self._site.home, name) for name in names}, lines, follow)

    def _detach(self, say: Say) -> None:
        say("Starting the services as processes")
        log_file(self._site.home, "supervisor").parent.mkdir(parents=True, exist_ok=True)
        options = ["--file", str(self._site.file), "--home", str(self._site.home)]
        command = [sys.executable, "-m", "local.processes", *options]
        environ = {**os.environ, **self._site.environ, "PYTHONPATH": str(SOURCE)}
        supervisor = None
        try:
            with (self._site.home / "logs" / "supervisor.out").open("wb") as out, _delayed_interrupts():
                supervisor = subprocess.Popen(
                    command,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            while not self._file.is_file():
                if supervisor.poll() is not None:
                    raise NotUp(f"The supervisor did not start:\n{Path(out.name).read_text()}")
                time.sleep(POLL_S)
        except BaseException:  # no other command can find a supervisor that has written no record yet
            if supervisor:
                supervisor.terminate()
                supervisor.wait()
            raise

    def _wait_until_up(self, say: Say) -> None:
        """Wait until the record says that the stack is up, which health checks bound. Raises NotUp."""
        progress = Progress(self._site.stack.services, say)
        first_record = Record.read(self._file)
        while True:
            is_alive = bool(first_record and first_record.supervisor.is_alive())
            record = Record.read(self._file)  # read after that, so that a supervisor's last record counts
            entries = record.services if record else {}
            progress.tell((name, entry.state) for name, entry in entries.items())
            if record and record.failure:
                raise NotUp(self._report(record))
            if not record or not is_alive:
                raise NotUp(f"The supervisor ended; its log: {log_file(self._site.home, 'supervisor')}")
            if record.is_up:
                return
            time.sleep(POLL_S)

    def _report(self, record: Record) -> str:
        broken = [name for name, entry in record.services.items() if entry.state in ("failed", "unhealthy")]
        named = [name for name in record.services if record.failure.startswith(f"{name} ")]
        report = [record.failure]
        for name in (named or broken)[:1]:
            log = log_file(self._site.home, name)
            report += [f"The last lines of {log}:", *(f"  {line}" for line in last_lines(log, REPORT_LINES))]
        return "\n".join(report)


@contextlib.contextmanager
def _delayed_interrupts() -> Iterator[None]:
    """Handle SIGINT, SIGTERM and SIGHUP at the end of the block only, so that none cuts it into halves."""
    received: list[int] = []
    handlers = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number in INTERRUPTS:
        signal.signal(number, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for interrupt in received[:1]:
            signal.raise_signal(interrupt)
