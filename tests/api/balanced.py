"""A shop whose catalog is two tasks and a canary, behind HAProxy as a rehearsal has it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.haproxy import ADMIN_SOCKET, configuration, map_file, map_lines, relay
from local.pipeline.load_balancing.load_balancer import LoadBalancer
from tests.ports import free_port
from tests.shop import Part, Shop
from tests.waiting import wait_until

OLD, SECOND, NEW = "catalog", "catalog-2", "catalog-new"  # the shop's own process is the first task
TASKS = {OLD: "127.0.0.1", SECOND: "127.0.0.2", NEW: "127.0.0.3"}
IDS = {name: f"{n + 1}" * 32 for n, name in enumerate(TASKS)}


class Balancer:
    """HAProxy with the catalog's listener, and with the relay that tells a task its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.group = read().groups["catalog"]
        self.listener = replace(self.group.production, port=free_port())
        self.relay_port = free_port()
        self.control = LoadBalancer(folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    def start(self) -> None:
        test = replace(self.group.test, port=free_port())
        group = replace(self.group, production=self.listener, test=test)
        for listener in (self.listener, test):
            lines = "\n".join(map_lines({group.blue.name: 100}))
            map_file(listener.name, self._folder).write_text(lines + "\n")
        text = configuration(replace(read(), groups={"catalog": group}), Clock(600), self._folder)
        file = self._folder / "haproxy.cfg"
        file.write_text(text + relay("127.0.0.1:9", self.relay_port))
        with (self._folder / "haproxy.log").open("wb") as log:
            self._process = subprocess.Popen(["haproxy", "-f", str(file)], stdout=log, stderr=log)
        wait_until((self._folder / ADMIN_SOCKET).exists, 10, "HAProxy's socket")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def give(self, percent: int) -> None:
        """Give the canary so much of the requests."""
        weights = {self.group.green.name: percent, self.group.blue.name: 100 - percent}
        self.control.set_weights(self.listener.name, weights)

    def register(self, port: int, *, is_whole: bool) -> None:
        """Make the first task the only target, or all three, and wait until they are healthy."""
        blue = [TASKS[OLD], TASKS[SECOND]] if is_whole else [TASKS[OLD]]
        self.control.register(self.group.blue.name, blue, port)
        if is_whole:
            self.control.register(self.group.green.name, [TASKS[NEW]], port)
        count = len(TASKS) if is_whole else 1
        wait_until(lambda: self._healthy() == count, 20, f"{count} targets are healthy")

    def _healthy(self) -> int:
        return sum(target.state == "healthy" for target in self.control.targets())


@dataclass
class BalancedShop(Shop):
    """A shop whose catalog is behind a balancer; `tasks` are its tasks."""

    balancer: Balancer | None = None
    tasks: dict[str, Part] = field(default_factory=dict)

    def start(self) -> None:
        """Start the shop with its first task, then the others."""
        super().start()
        first = self["catalog"]
        self.tasks = {OLD: first}
        for name in (SECOND, NEW):
            environ = first.environ | self._task_environ(name)
            part = Part(
                "catalog", first.command, environ, self.folder / f"{name}.log", first.port, agent=first.agent
            )
            self.tasks[name] = self.parts[name] = part
            part.start()
        assert self.balancer is not None
        self.balancer.register(first.port, is_whole=True)

    def wait_ready(self, within_s: float = 15.0) -> None:
        """Wait until the balancer has a target, and the services are ready."""
        if not self.tasks:
            assert self.balancer is not None
            self.balancer.register(self["catalog"].port, is_whole=False)
        super().wait_ready(within_s)

    def faults_of(self, name: str) -> str:
        """The address of a task's /faults."""
        return f"http://{TASKS[name]}:{self.tasks[name].port}/faults"

    def _environ(self, part: Part) -> dict[str, str]:
        environ = super()._environ(part)
        return environ | (self._task_environ(OLD) if part.name == "catalog" else {})

    def _task_environ(self, name: str) -> dict[str, str]:
        assert self.balancer is not None
        return {
            "HOST": TASKS[name],
            "SERVICE_VERSION": "2.0.0-test" if name == NEW else "1.0.0-test",
            "FAULTS_DIR": str(self.folder / f"faults-{name}"),
            "ECS_CONTAINER_METADATA_URI_V4": f"http://127.0.0.1:{self.balancer.relay_port}/v4/{IDS[name]}",
        }


@contextmanager
def running_behind_a_balancer(folder: Path, *extras: str, **settings: str) -> Iterator[BalancedShop]:
    """A started shop of that kind, whose canary has no request yet; stopped at the end in any case."""
    balancer = Balancer(folder)
    shop = BalancedShop(folder, {"CATALOG_URL": balancer.url, **settings}, extras, balancer=balancer)
    balancer.start()
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()
        balancer.stop()
