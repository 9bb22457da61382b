"""A whole shop as plain processes on free ports: the local AWS, X-Ray, the three services and the console."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import requests

from local.processes import forwarding
from tests.ports import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parent.parent
SERVICES = ("storefront", "catalog", "orders")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "laptop",
    "AWS_SECRET_ACCESS_KEY": "laptop",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
CLEAN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


@dataclass
class Part:
    """One process of the shop, its log file and how to start it again."""

    name: str
    command: list[str]
    environ: dict[str, str]
    log: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    agent: int = 0  # port of a log agent that gets its output as well
    _feeder: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if self.agent:
            self._start_fed()
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    def _start_fed(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._feeder = threading.Thread(target=_feed, args=(self, self.process))
        self._feeder.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group: gunicorn's master and its worker."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(5)

    def stop(self) -> int:
        """SIGTERM, as an orchestrator would; returns the exit code."""
        assert self.process is not None
        if self.is_running:
            self.terminate()
        code = self.process.wait(15)
        if self._feeder:
            self._feeder.join(5)
        return code

    def terminate(self) -> None:
        assert self.process is not None
        self.process.terminate()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def answers(self, path: str) -> bool:
        """Whether GET `path` is 200; a dead process ends the waiting with its output."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(
                f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}"
            )
        try:
            return requests.get(self.url + path, timeout=1).status_code == 200
        except requests.RequestException:
            return False

    def lines(self) -> list[dict[str, Any]]:
        """Its log lines so far; fails on one that is not a JSON object."""
        return [json.loads(line) for line in self.log.read_text().split("\n") if line]


@dataclass
class Shop:
    """The local AWS, X-Ray, the three services, and of console and log agent (`logs`) those in `extras`."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    parts: dict[str, Part] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Part:
        return self.parts[name]

    @property
    def url(self) -> str:
        return self["storefront"].url

    def start(self) -> None:
        """Start everything and wait until the storefront is ready."""
        for name in ("aws", "xray", *SERVICES, *self.extras):
            self._add(name)
        if "logs" in self.extras:
            self["logs"].start()
            for name in SERVICES:
                self[name].agent = self["logs"].port
        for name in ("aws", "xray"):
            self[name].start()
        wait_until(lambda: self["aws"].answers("/_lantern/health"), 20)
        wait_until(lambda: self["xray"].answers("/healthz"), 20)
        subprocess.run(
            [sys.executable, "-m", "services.catalog.seed"], cwd=ROOT, env=self["catalog"].environ, check=True
        )
        for name in SERVICES:
            self[name].start()
        if "console" in self.extras:
            self["console"].start()
            wait_until(lambda: self["console"].answers("/healthz"), 15, "the console answers")
        self.wait_ready()

    def wait_ready(self, within_s: float = 15.0) -> None:
        for name in SERVICES:
            wait_until(lambda name=name: self[name].answers("/readyz"), within_s, f"{name} is ready")

    def stop(self) -> None:
        """Stop the services together, then what they need."""
        running = {name: part for name, part in self.parts.items() if part.process is not None}
        for name in running:
            if name in SERVICES and running[name].is_running:
                running[name].signal(signal.SIGCONT)
                running[name].terminate()
        for name in reversed(running):
            running[name].stop()

    def restart(self, name: str, **settings: str) -> None:
        """Start a part again, with other settings if given, and wait until it answers."""
        self[name].environ.update(settings)
        self[name].start()
        wait_until(lambda: self[name].answers("/healthz"), 10)

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS or X-Ray, as a user would make one."""
        part = self["xray"] if service == "xray" else self["aws"]
        return boto3.client(
            service,
            endpoint_url=part.url,
            region_name="us-east-1",
            aws_access_key_id="laptop",
            aws_secret_access_key="laptop",
        )

    def aws(self, *arguments: str, endpoint: str = "aws") -> Any:
        """The ordinary aws command line; returns what it printed as JSON."""
        command = [
            str(Path(sys.executable).with_name("aws")),
            *arguments,
            "--endpoint-url",
            self[endpoint].url,
        ]
        done = subprocess.run(command, env=CLEAN | CREDENTIALS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def add_product(self, sku: str, stock: int, price: int = 1000) -> str:
        """A lantern of a test's own."""
        item = {"sku": sku, "shelf": "lanterns", "name": sku, "description": "for a test", "currency": "EUR"}
        strings = {name: {"S": value} for name, value in (item | {"image": "/static/favicon.svg"}).items()}
        numbers = {"stock": {"N": str(stock)}, "price": {"N": str(price)}}
        self.client("dynamodb").put_item(TableName="lantern-products", Item=strings | numbers)
        return sku

    def stock(self, sku: str) -> int:
        """What DynamoDB says is left."""
        answer = self.client("dynamodb").get_item(
            TableName="lantern-products", Key={"sku": {"S": sku}}, ConsistentRead=True
        )
        return int(answer["Item"]["stock"]["N"])

    def rows(self, sku: str) -> list[dict[str, Any]]:
        """The orders' table's items of one lantern that are confirmed."""
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName="lantern-orders", ConsistentRead=True)
        )
        items = [item for page in pages for item in page["Items"]]
        confirmed = [item for item in items if item["state"]["S"] == "confirmed"]
        return [
            item for item in confirmed if any(line["M"]["sku"]["S"] == sku for line in item["items"]["L"])
        ]

    def order(self, sku: str, key: str, quantity: int = 1, **headers: str) -> requests.Response:
        """Order at the storefront, as the page does."""
        return requests.post(
            f"{self.url}/api/orders",
            json={"items": [{"sku": sku, "quantity": quantity}]},
            headers={"Idempotency-Key": key, **headers},
            timeout=30,
        )

    def _add(self, name: str) -> None:
        port = free_port()
        self.parts[name] = Part(name, _command(name), {}, self.folder / f"{name}.log", port)
        for part in self.parts.values():
            part.environ = self._environ(part)

    def _environ(self, part: Part) -> dict[str, str]:
        urls = {f"{name.upper()}_URL": self[name].url for name in SERVICES if name in self.parts}
        ports = {name: self[name].port for name in self.parts}
        return {
            **CLEAN,
            **CREDENTIALS,
            **urls,
            "PYTHONUNBUFFERED": "1",
            "ALLOWED_HOSTS": "local",
            "PORT": str(part.port),
            "XRAY_PORT": str(ports.get("xray", 0)),
            "OTLP_PORT": "0",
            "LOGS_PORT": str(ports.get("logs", 0)),
            "STATE_DIR": str(self.folder / "aws-state"),
            "XRAY_STATE_DIR": str(self.folder / "xray-state"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports.get('aws', 0)}",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{ports.get('xray', 0)}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ports.get('xray', 0)}",
            "TRACING": self.settings.get(f"{part.name.upper()}_TRACING", "xray"),
            "AWS_XRAY_NOOP_ID": "false",
            "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
            "FAULTS_DIR": str(self.folder / "faults"),
            "TRACE_URL": f"http://127.0.0.1:{ports.get('console', 0)}/traces/{{trace_id}}",
            **(self._console_environ() if part.name == "console" else {}),
            "SERVICE_VERSION": "1.0.0-test",
            **{
                name: value.replace("{xray}", str(ports.get("xray", 0)))
                for name, value in self.settings.items()
            },
        }

    def _console_environ(self) -> dict[str, str]:
        """The variables of the console alone; the services know X-Ray by its daemon's address."""
        shop = " ".join(f"{name}={self[name].url}" for name in SERVICES if name in self.parts)
        shop += f" aws={self['aws'].url}/_lantern"
        return {"AWS_ENDPOINT_URL_XRAY": self["xray"].url, "SHOP_URLS": shop}


@contextmanager
def running(folder: Path, *extras: str, **settings: str) -> Iterator[Shop]:
    """A started shop, with console or log agent where `extras` names them; stopped at the end in any case."""
    shop = Shop(folder, settings, extras)
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()


def _feed(part: Part, process: subprocess.Popen[bytes]) -> None:
    """Copy a part's output into its file and, while that lives, to the log agent, as the supervisor does."""
    assert process.stdout is not None
    with process.stdout, part.log.open("ab", buffering=0) as log, closing(_Agent(part.agent)) as agent:
        for line in process.stdout:
            log.write(line)
            agent.send(forwarding.message(part.name, str(process.pid), line.decode().rstrip("\n")))


class _Agent:
    """A connection to the log agent, made anew when the agent was restarted."""

    def __init__(self, port: int) -> None:
        self._port, self._socket = port, socket.socket()
        wait_until(lambda: self._socket.connect_ex(("127.0.0.1", port)) == 0, 10, "the log agent listens")

    def send(self, message: bytes) -> None:
        try:
            self._socket.sendall(message)
        except OSError:
            self.close()
            self._socket = socket.socket()
            with suppress(OSError):
                self._socket.connect(("127.0.0.1", self._port))
                self._socket.sendall(message)

    def close(self) -> None:
        self._socket.close()


def _command(name: str) -> list[str]:
    modules = {
        "aws": "local.ministack",
        "xray": "local.xray",
        "logs": "local.cloudwatch",
        "console": "console",
    }
    if name in modules:
        return [sys.executable, "-m", modules[name]]
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    return [gunicorn, "--config", "services/gunicorn.conf.py", f"services.{name}.app:create_app()"]


def now() -> float:
    """Epoch seconds, as X-Ray's time ranges take them."""
    return time.time()
