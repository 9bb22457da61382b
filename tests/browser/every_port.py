"""Every port of Lantern on this machine, each served by what serves it in `make up` and `make rehearse`."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import requests
from waitress.server import create_server

from local.pipeline.api_server import ApiServer
from local.pipeline.architecture import read
from local.pipeline.clock import Clock
from local.pipeline.load_balancing.haproxy import configuration, map_file, map_lines
from local.pipeline.load_balancing.load_balancer import LoadBalancer
from local.pipeline.runner import Runner
from local.pipeline.settings import Settings
from settings import load
from tests.ports import free_port
from tests.shop import CLEAN, CREDENTIALS, ROOT, Part, Shop, running
from tests.waiting import wait_until


@dataclass
class EveryPort:
    """A shop with its local AWS, the rehearsal's listeners before it, its pipeline, and Locust's page."""

    shop: Shop
    runner: Runner
    ports: dict[str, int]

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def client(self, service: str, port: str = "pipeline") -> Any:
        keys = {"region_name": "us-east-1", "aws_access_key_id": "laptop", "aws_secret_access_key": "laptop"}
        return boto3.client(service, endpoint_url=self.url(port), **keys)

    def aws(self, port: str, *arguments: str) -> str:
        """The ordinary aws command line; returns what it printed."""
        command = [str(Path(sys.executable).with_name("aws")), *arguments, "--endpoint-url", self.url(port)]
        done = subprocess.run(command, env=CLEAN | CREDENTIALS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def every_port(folder: Path) -> Iterator[EveryPort]:
    """All of them on free ports, and stopped at the end."""
    with ExitStack() as stack:
        shop = stack.enter_context(running(folder, "console", "logs", FAULTS="on"))
        ports = {name: part.port for name, part in shop.parts.items()}
        runner, ports["pipeline"] = stack.enter_context(_pipeline(folder))
        ports |= stack.enter_context(_listeners(folder, shop["storefront"].port))
        ports["traffic"] = stack.enter_context(_locust(folder, shop.url))
        lantern = EveryPort(shop, runner, ports)
        lantern.client("s3", "aws").create_bucket(Bucket="bucket")
        lantern.client("s3", "aws").put_object(Bucket="bucket", Key="key", Body=b"an artifact")
        yield lantern


@contextmanager
def _pipeline(folder: Path) -> Iterator[tuple[Runner, int]]:
    """The pipeline's API and its git repository; its threads are not started, so nothing is built."""
    environ = {"STATE_DIR": str(folder / "pipeline"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    runner = Runner(load(Settings, environ))
    server = create_server(ApiServer(runner), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    yield runner, int(server.effective_port)
    server.close()
    runner.stop()


@contextmanager
def _listeners(folder: Path, shop_port: int) -> Iterator[dict[str, int]]:
    """HAProxy with the storefront's production and test listener; the shop is the target of both."""
    ports = {"production": free_port(), "test": free_port()}
    architecture = read()
    group = architecture.groups["storefront"]
    listeners = [
        replace(group.production, port=ports["production"]),
        replace(group.test, port=ports["test"]),
    ]
    groups = {"storefront": replace(group, production=listeners[0], test=listeners[1])}
    (folder / "haproxy.cfg").write_text(
        configuration(replace(architecture, groups=groups), Clock(600), folder)
    )
    for listener in listeners:
        lines = "\n".join(map_lines({group.blue.name: 100}))
        map_file(listener.name, folder).write_text(lines + "\n")
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen(["haproxy", "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=log)
    wait_until((folder / "admin.sock").exists, 10, "HAProxy's socket")
    balancer = LoadBalancer(folder)
    balancer.register(group.blue.name, ["127.0.0.1"], shop_port)
    wait_until(
        lambda: "healthy" in {target.state for target in balancer.targets()}, 10, "the shop is healthy"
    )
    yield ports
    process.kill()
    process.wait()


@contextmanager
def _locust(folder: Path, shop: str) -> Iterator[int]:
    """Locust's page as docker-compose.yml starts it; it has an environment of its own."""
    port = free_port()
    locust = Path(sys.prefix) / "traffic" / "bin" / "locust"
    command = [
        *(str(locust), "-f", "local/traffic/shoppers.py", "--host", shop, "--users", "1"),
        *("--web-host", "127.0.0.1", "--web-port", str(port)),
    ]
    part = Part("traffic", command, {**CLEAN, "PYTHONPATH": str(ROOT)}, folder / "traffic.log", port)
    part.start()
    wait_until(lambda: part.answers("/stats/requests"), 20, "Locust answers")
    yield port
    part.stop()


def locust_state(url: str) -> tuple[str, int]:
    """What Locust does, and with how many shoppers."""
    stats = requests.get(f"{url}/stats/requests", timeout=5).json()
    return stats["state"], stats["user_count"]
