"""A service's process: started so that it cannot outlive the supervisor, health-checked and stopped."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, STDOUT

from local.processes.compose import Healthcheck, Service
from local.processes.forwarding import Forwarder
from local.processes.logs import BoundedLog
from local.processes.records import kill_group

POLL_S = 0.05
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Looked up on import: between fork and exec a process should do as little as possible
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class Child:
    """Runs `service` in `cwd` with exactly `environment`; its output goes to `log`."""

    def __init__(self, service: Service, environment: dict[str, str], cwd: Path, log: Path) -> None:
        self.service = service
        self._environment = environment
        self._cwd = cwd
        self._log = BoundedLog(log)
        self._forwarder = Forwarder(service.forward_to, service.name) if service.forward_to else None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The id of the process and of its process group."""
        return self._started().pid

    async def start(self) -> None:
        """Start the process. Raises OSError when the program cannot be run."""
        read_end, write_end = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.service.command,
                cwd=self._cwd,
                env=self._environment,
                stdin=DEVNULL,
                stdout=write_end,
                stderr=STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        if self._forwarder:
            self._forwarder.source = str(self._process.pid)
        os.set_blocking(read_end, False)
        asyncio.get_running_loop().add_reader(read_end, self._copy, read_end)

    async def wait(self) -> int:
        """Wait for the end of the process, kill what is left of its group, and return the exit code."""
        code = await self._started().wait()
        kill_group(self.pid)
        return code

    async def stop(self) -> bool:
        """Send SIGTERM, and SIGKILL after `stop_grace_s`; return False when SIGKILL was needed."""
        if self._process is None or self._process.returncode is not None:
            return True
        self._process.terminate()
        try:
            await asyncio.wait_for(self.wait(), self.service.stop_grace_s)
        except TimeoutError:
            kill_group(self.pid)
            await self.wait()
            return False
        return True

    async def close(self, within_s: float = 1.0) -> None:
        """Forward the last output to the log agent, for `within_s` seconds at most."""
        if self._forwarder:
            await asyncio.sleep(0)  # the last output is read by a callback of the loop
            await self._forwarder.flush(within_s)
            await self._forwarder.stop()

    async def is_healthy(self, check: Healthcheck) -> bool:
        """Run the command of the health check once, as Docker would inside the container."""
        probe = await asyncio.create_subprocess_exec(
            *check.test,
            cwd=self._cwd,
            env=self._environment,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            preexec_fn=_die_with(os.getpid()),
        )
        try:
            return await asyncio.wait_for(probe.wait(), check.timeout) == 0
        except TimeoutError:
            return False
        finally:
            if probe.returncode is None:
                probe.kill()
                await probe.wait()

    async def wait_until_open(self) -> None:
        """Wait until all published TCP ports are open, which costs less to ask than a health check."""
        for port in (port.published for port in self.service.ports if port.protocol == "tcp"):
            while not await _is_open(port):
                await asyncio.sleep(POLL_S)

    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.service.name} was never started")
        return self._process

    def _copy(self, read_end: int) -> None:
        chunk = b""
        with contextlib.suppress(BlockingIOError):
            chunk = os.read(read_end, 65536)
            if not chunk:
                asyncio.get_running_loop().remove_reader(read_end)
                os.close(read_end)
        if chunk:
            self._log.write(chunk)
        if chunk and self._forwarder:
            self._forwarder.write(chunk)


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _die_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        """Ask Linux for a SIGTERM when the parent dies, even by SIGKILL, so that the child can still save."""
        if PRCTL is not None:
            PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # the parent died before the request
                os._exit(1)

    return in_child
